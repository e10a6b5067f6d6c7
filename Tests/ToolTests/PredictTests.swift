import BlemishCore
import BlemishImaging
import BlemishSynthesis
import BlemishTorch
import Foundation
import Testing

@Suite("blemish predict") struct PredictTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// A path as the places of results have it, without empty parts.
  private func standardized(_ path: String) -> String {
    "/" + path.split(separator: "/").joined(separator: "/")
  }

  @Test func judgesFilesFoldersAndPatternsWithStatus0WhateverTheVerdicts() throws {
    let run = try Tool.run(
      "predict",
      trained.model,
      trained.holePicture,
      trained.data + "/test/good",
      trained.data + "/test/st*/*.png",
      "--json"
    )
    #expect(run.status == 0, "\(run.errors)")
    let objects = try run.objects()
    let time = try #require(objects.first?["time"] as? String)
    let judged = try Date(time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    #expect(abs(judged.timeIntervalSinceNow) < 3600, "\(time)")
    #expect(objects.count == 4)
    for object in objects {
      for key in ["anomalous", "score", "log_nfa", "width", "height", "regions", "path"] {
        #expect(object[key] != nil, "\(key)")
      }
      let regions = try #require(object["regions"] as? [[String: Any]])
      let verdict = try #require(object["verdict"] as? String)
      #expect((verdict == "good") == regions.isEmpty)
      #expect((object["anomalous"] as? Bool) == (verdict == "anomalous"))
      let logNFA = try #require(object["log_nfa"] as? Double)
      #expect(verdict == (logNFA < log10(0.05) ? "anomalous" : logNFA < log10(0.5) ? "review" : "good"))
      #expect((object["limits"] as? [String: Double]) == ["false_alarms": 0.05, "review": 0.5])
      #expect(((object["model"] as? [String: String])?["sha256"] ?? "").count == 64)
    }
  }

  @Test func saysTheSameWithoutJSON() throws {
    let run = try Tool.run("predict", trained.model, trained.holePicture, trained.goodPicture)
    #expect(run.status == 0)
    #expect(run.lines.filter { !$0.hasPrefix(" ") }.count == 3)
    #expect(run.lines.last?.hasPrefix("2 pictures: ") == true)
    #expect(run.output.contains("\(trained.holePicture): "))
    #expect(run.output.contains("log NFA"))
  }

  @Test(arguments: [[], ["--json"]]) func goesOnBehindPicturesThatCannotBeRead(_ options: [String]) throws {
    let damaged = try DamagedPictures(into: folder.path)
    let paths = damaged.files.map { folder / $0.name }
    let empty = try folder.folder("nothing")
    let results = folder / "results"
    let run = try Tool(
      ["predict", trained.model, trained.goodPicture] + paths.filter { !$0.hasSuffix("folder.png") }
        + [folder / "missing.png", empty, trained.holePicture, "--output", results, "--batch", "3"] + options
    ).wait()
    #expect(run.status == 1, "\(run.errors)")
    for (name, complaint) in damaged.files where name != "folder.png" {
      let said = options.isEmpty ? run.errors : run.output
      let line = said.split(separator: "\n").first { $0.contains(folder / name) }
      #expect(line?.contains(complaint) == true, "\(name): \(line ?? "nothing is said")")
    }
    if !options.isEmpty {
      let objects = try run.objects()
      #expect(objects.count == 10)
      #expect(objects.count { $0["error"] is String } == 8)
      #expect(objects.count { $0["anomalous"] is Bool } == 2)
    }
    // What could be judged has all its results, and nothing else is there.
    let kinds = ["heat", "mask", "overlay"]
    let places = [trained.goodPicture, trained.holePicture].map {
      ($0 as NSString).deletingPathExtension.dropFirst()
    }
    for place in places {
      for kind in kinds { #expect(FileManager.default.fileExists(atPath: "\(results)/\(place)_\(kind).png")) }
    }
    let files = try FileManager.default.subpathsOfDirectory(atPath: results).filter { $0.hasSuffix("png") }
    #expect(files.count == 6)
  }

  @Test func aFolderNamedLikeAPictureHoldsNone() throws {
    _ = try DamagedPictures(into: folder.path)
    let run = try Tool.run("predict", trained.model, folder.path + "/folder.png")
    #expect(run.status == 1)
    #expect(run.errors.contains("holds no pictures"))
    let all = try Tool.run("predict", trained.model, folder.path)
    #expect(all.status == 1 && all.errors.contains("cut.jpg"))
    #expect(!all.errors.contains("folder.png"))
  }

  @Test func aFolderWithoutPicturesIsAnErrorThatNamesIt() throws {
    let empty = try folder.folder("nothing")
    let run = try Tool.run("predict", trained.model, empty)
    #expect(run.status == 1)
    #expect(run.errors.contains(empty) && run.errors.contains("holds no pictures"))
    #expect(run.output.isEmpty)
  }

  @Test(arguments: [
    [], ["MODEL"], ["MODEL", "x.png", "--batch", "0"], ["MODEL", "x.png", "--batch", "many"],
    ["MODEL", "x.png", "--nonsense"],
  ])
  func wrongUsageIsStatus2(_ arguments: [String]) throws {
    let run = try Tool(["predict"] + arguments.map { $0 == "MODEL" ? trained.model : $0 }).wait()
    #expect(run.status == 2)
    #expect(run.errors.contains("Usage:"))
    #expect(run.output.isEmpty)
  }

  @Test func writesResultsAtThePicturesOwnSize() throws {
    let picture = Picture(
      width: 90,
      height: 50,
      channels: 3,
      samples: .eightBit((0..<13500).map { UInt8(truncatingIfNeeded: $0 / 53) })
    )
    try picture.write(png: folder / "part.png")
    let run = try Tool.run(
      "predict",
      trained.model,
      folder / "part.png",
      "--output",
      folder / "a/b",
      "--json"
    )
    #expect(run.status == 0, "\(run.errors)")
    let files = try #require(try run.objects().first?["files"] as? [String: String])
    #expect(files.keys.sorted() == ["heat", "mask", "overlay"])
    for file in files.values {
      let result = try Picture(contentsOf: file)
      // Below the overlay is a strip with the verdict.
      #expect(
        result.width == 90 && (file.hasSuffix("_overlay.png") ? result.height > 50 : result.height == 50))
    }
  }

  @Test func picturesOfOneNameKeepTheirResultsApart() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    var paths: [String] = []
    for (place, name) in [("one", "a.png"), ("two", "a.png"), ("three", "a-2.png"), ("four", "a.png")] {
      _ = try folder.folder(place)
      paths.append(try folder.file("\(place)/\(name)", good))
    }
    let run = try Tool(["predict", trained.model] + paths + ["--output", folder / "results", "--json"]).wait()
    #expect(run.status == 0, "\(run.errors)")
    let masks = try run.objects().compactMap { ($0["files"] as? [String: String])?["mask"] }
    #expect(Set(masks).count == 4)
    #expect(masks.allSatisfy(FileManager.default.fileExists))
  }

  /// The longest names that are left as they are, and that a file can have.
  @Test(arguments: [240, 251]) func aLongNameIsNoObstacle(_ length: Int) throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    let name = String(repeating: "x", count: length - 1)
    _ = try folder.folder("parts")
    for last in ["a", "b"] { _ = try folder.file("parts/" + name + last + ".png", good) }
    let run = try Tool.run("predict", trained.model, folder / "parts", "--output", folder / "results")
    #expect(run.status == 0, "\(run.errors)")
    let results = try FileManager.default.subpathsOfDirectory(atPath: folder / "results")
      .filter { $0.hasSuffix("png") }.map { ($0 as NSString).lastPathComponent }
    #expect(results.count == 6)
    #expect(results.contains(name + "a_overlay.png") == (length == 240))
  }

  @Test func linksAreFollowedAndFoldersThatCannotBeReadAreSaid() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    for place in ["store", "parts/deep"] { _ = try folder.folder(place) }
    _ = try folder.file("store/a.png", good)
    _ = try folder.file("parts/deep/b.png", good)
    for (link, target) in [
      ("current", "parts"), ("parts/linked", "../store"), ("parts/deep/back", "../../parts"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: folder / link, withDestinationPath: target)
    }
    let run = try Tool.run("predict", trained.model, folder / "current", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let paths = try run.objects().compactMap { $0["path"] as? String }
    #expect(paths == [folder / "current/deep/b.png", folder / "current/linked/a.png"])

    guard Unprivileged.canRunTool else { return }
    try Unprivileged.show(folder.path)
    try Unprivileged.show(trained.folder.path)
    let closed = try folder.folder("parts/closed")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: closed) }
    let refused = try Tool.run("predict", trained.model, folder / "parts", launcher: Unprivileged.launcher)
    #expect(refused.status == 1 && refused.lines.count >= 2)
    #expect(refused.errors.contains("\(closed): cannot be listed"), "\(refused.errors)")
  }

  @Test func resultsThatCannotBePrintedAreAnError() throws {
    let command = "exec \"$0\" predict \"$1\" \"$2\" --json > /dev/full"
    let run = try Tool(
      [trained.model, trained.goodPicture], launcher: ["/bin/sh", "-c", command]
    ).wait()
    #expect(run.status == 1)
    #expect(run.errors.contains("standard output"), "\(run.errors)")
  }

  @Test(arguments: ["meta", "cuda:7", "abacus"]) func aDeviceThatIsNotThereIsAnError(_ device: String) throws
  {
    let run = try Tool.run("predict", trained.model, trained.goodPicture, "--device", device)
    #expect(run.status == 1)
    #expect(run.errors.contains("The device '\(device)' is not available"), "\(run.errors)")
  }

  @Test func hiddenFilesAreNotThere() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    _ = try folder.folder("parts/.thumbnails")
    _ = try folder.file("parts/a.png", good)
    _ = try folder.file("parts/._a.png", Data("no picture".utf8))
    _ = try folder.file("parts/.thumbnails/a.png", good)
    let run = try Tool.run("predict", trained.model, folder / "parts", "--json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.objects().count == 1)
  }

  @Test func resultsDoNotReplaceThePicturesThatAreJudged() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    let parts = try folder.folder("parts")
    for name in ["a.png", "a_mask.png"] { _ = try folder.file("parts/\(name)", good) }
    let run = try Tool.run("predict", trained.model, parts, "--output", folder / "parts/../parts")
    #expect(run.status == 1)
    #expect(
      run.errors.contains("holds pictures to judge") && run.errors.contains("/results"), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: parts).count == 2)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder / "parts/a_mask.png")) == good)
  }

  @Test func resultsReplaceEarlierOnesButNoMaskOfSomebodys() throws {
    let results = try folder.folder("results")
    let place = String(standardized(trained.holePicture).dropFirst().dropLast(".png".count))
    _ = try folder.folder("results/" + (place as NSString).deletingLastPathComponent)
    let mask = try folder.file("results/\(place)_mask.png", Data("ground truth".utf8))
    let refused = try Tool.run("predict", trained.model, trained.holePicture, "--output", results)
    #expect(refused.status == 1 && refused.errors.contains(mask), "\(refused.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: mask)) == Data("ground truth".utf8))
    try FileManager.default.removeItem(atPath: mask)
    for _ in 0..<2 {
      let run = try Tool.run("predict", trained.model, trained.holePicture, "--output", results)
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test func resultsAreNotJudgedLaterAndHaveOneNameWhateverElseIsJudged() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    for place in ["in", "in/deep"] { _ = try folder.folder(place) }
    for name in ["in/a.png", "in/deep/a.png", "in/b.txt", "in/.c.png"] { _ = try folder.file(name, good) }
    func run(_ path: String) throws -> (paths: [String], masks: [String], errors: String) {
      let run = try Tool.run(
        "predict", trained.model, folder / path, "--output", folder / "in/results", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let objects = try run.objects()
      return (
        objects.compactMap { $0["path"] as? String },
        objects.compactMap { ($0["files"] as? [String: String])?["mask"] }, run.errors
      )
    }
    let first = try run("in")
    #expect(first.paths == ["in/a.png", "in/deep/a.png"].map { folder / $0 })
    #expect(first.errors.contains("1 .txt files is") && first.errors.contains("1 hidden pictures"))
    let second = try run("in")
    #expect(second.paths == first.paths && second.masks == first.masks)
    #expect(second.errors.contains("folders of results"))
    // The same picture by itself.
    #expect(try run("in/deep/a.png").masks == [first.masks[1]])
  }

  @Test func theExitStatusSaysWhatWasFound() throws {
    func status(_ options: String...) throws -> Int32 {
      try Tool(["predict", trained.model, trained.goodPicture, trained.holePicture] + options).wait().status
    }
    let all = ["--false-alarms", "1e6"]
    let none = ["--false-alarms", "1e-300", "--review", "1e6"]
    #expect(try status("--fail-on", "anomalous", all[0], all[1]) == 3)
    #expect(try status("--fail-on", "anomalous", none[0], none[1], none[2], none[3]) == 0)
    #expect(try status("--fail-on", "review", none[0], none[1], none[2], none[3]) == 3)
    #expect(try status("--fail-on", "good") == 2)
    #expect(try status("--false-alarms", "2", "--review", "1") == 2)
  }

  @Test func aTableOfCommaSeparatedValuesHasALineAPicture() throws {
    let odd = try folder.file("a, \"b\".png", Data(contentsOf: URL(fileURLWithPath: trained.goodPicture)))
    let run = try Tool.run(
      "predict", trained.model, odd, trained.holePicture, folder / "none.png", "--csv", "--quiet")
    #expect(run.status == 1)
    let lines = run.lines
    #expect(lines.count == 4 && lines[0].hasPrefix("path,verdict,log_nfa,"))
    #expect(lines[1].hasPrefix("\(folder / "none.png"),error,"))
    #expect(lines[2].hasPrefix("\"\(folder.path)/a, \"\"b\"\".png\","))
    let fields = lines[3].split(separator: ",", omittingEmptySubsequences: false)
    #expect(fields.count == 17 && fields[0] == trained.holePicture)
    #expect(Verdict(rawValue: String(fields[1])) != nil && Double(fields[2]) != nil)
  }

  @Test func picturesAreCopiedByTheirVerdict() throws {
    let bad = folder / "bad"
    func run(_ options: String...) throws -> ToolRun {
      try Tool(
        [
          "predict", trained.model, trained.holePicture, "--false-alarms", "1e6", "--copy",
          "anomalous=\(bad)",
        ] + options
      ).wait()
    }
    #expect(try run().status == 0)
    let copy = bad + standardized(trained.holePicture)
    let content = try Data(contentsOf: URL(fileURLWithPath: trained.holePicture))
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == content)
    // Once more nothing is in the way; another file is.
    #expect(try run().status == 0)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: copy))
    let refused = try run()
    #expect(refused.status == 1 && refused.errors.contains(copy))
    #expect(try run("--force").status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == content)
  }

  @Test func theRawHeatMapHoldsLogNFA() throws {
    let results = folder / "results"
    let run = try Tool.run(
      "predict", trained.model, trained.holePicture, "--output", results, "--heat-map", "raw", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let object = try #require(try run.objects().first)
    let path = try #require((object["files"] as? [String: String])?["heat"])
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let count = try #require(object["width"] as? Int) * (try #require(object["height"] as? Int))
    let values = data.suffix(4 * count).withUnsafeBytes { bytes in
      (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    let logNFA = try #require(object["log_nfa"] as? Double)
    // The most significant place is the peak of the most significant region, up to the interpolation.
    #expect(abs(Double(values.min() ?? 0) - logNFA) < 0.35 * abs(logNFA) + 0.1)
    #expect(values.max() ?? 0 > 0)
  }

  @Test func aPictureUnlikeTheTrainingPicturesIsSaidToBe() throws {
    let black = Picture(
      width: 64, height: 64, channels: 1, samples: .eightBit(.init(repeating: 0, count: 4096)))
    try black.write(png: folder / "black.png")
    let run = try Tool.run("predict", trained.model, folder / "black.png", trained.goodPicture, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let objects = try run.objects()
    #expect(objects[0]["verdict"] as? String == "unlike")
    #expect((objects[0]["unlike"] as? [String])?.contains("brightness") == true)
    #expect(objects[1]["unlike"] == nil)
    let refused = try Tool.run(
      "predict", trained.model, folder / "black.png", trained.goodPicture, "--refuse-unlike")
    #expect(refused.status == 1 && refused.errors.contains("black.png: is unlike"), "\(refused.errors)")
    #expect(refused.output.contains(trained.goodPicture))
  }

  @Test func complaintsThatCannotBePrintedStopNothing() throws {
    let command = "exec \"$0\" predict \"$@\" 2> /dev/full"
    let run = try Tool(
      [trained.model, folder / "missing.png", trained.goodPicture], launcher: ["/bin/sh", "-c", command]
    ).wait()
    #expect(run.status == 1 && run.lines.count >= 1, "\(run.status)")
  }

  @Test(arguments: ["file/results", "/proc/blemish/results", "/dev/null", "/sys"])
  func resultsThatCannotBeWrittenAreAnErrorThatNamesTheFolder(_ place: String) throws {
    _ = try folder.file("file", Data("not a folder".utf8))
    let output = place.hasPrefix("/") ? place : folder / place
    let before = folder.contents
    let run = try Tool.run("predict", trained.model, trained.goodPicture, "--output", output)
    #expect(run.status == 1)
    // Of several folders that would have to be made, the first that cannot be is named.
    #expect(run.errors.contains(output.hasPrefix("/proc") ? "/proc/blemish" : output), "\(run.errors)")
    #expect(folder.contents == before)
  }

  @Test(.enabled(if: Unprivileged.canRunTool)) func aFolderWithoutPermissionIsAnErrorThatNamesIt() throws {
    let open = try Unprivileged.folder(folder, "open")
    let locked = try folder.folder("locked")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: locked)
    try Unprivileged.show(trained.folder.path)
    let run = try Tool.run(
      "predict",
      trained.model,
      trained.goodPicture,
      "--output",
      locked,
      launcher: Unprivileged.launcher
    )
    #expect(run.status == 1)
    #expect(run.errors.contains(locked) && run.errors.contains("permission"), "\(run.errors)")
    let other = try Tool.run(
      "predict",
      trained.model,
      trained.goodPicture,
      "--output",
      open,
      launcher: Unprivileged.launcher
    )
    #expect(other.status == 0, "\(other.errors)")
  }
}
