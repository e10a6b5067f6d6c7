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
    #expect(objects.count == 4)
    for object in objects {
      for key in ["anomalous", "score", "log_nfa", "width", "height", "regions", "path"] {
        #expect(object[key] != nil, "\(key)")
      }
      let regions = try #require(object["regions"] as? [[String: Any]])
      #expect((object["anomalous"] as? Bool) == !regions.isEmpty)
      #expect((object["anomalous"] as? Bool) == ((object["log_nfa"] as? Double ?? .nan) < 0))
    }
  }

  @Test func saysTheSameWithoutJSON() throws {
    let run = try Tool.run("predict", trained.model, trained.holePicture, trained.goodPicture)
    #expect(run.status == 0)
    #expect(run.lines.filter { !$0.hasPrefix(" ") }.count == 2)
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
    let files = try FileManager.default.contentsOfDirectory(atPath: results).sorted()
    #expect(files == (kinds.map { "000-2_\($0).png" } + kinds.map { "000_\($0).png" }))
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
      #expect((result.width, result.height) == (90, 50))
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
    let results = try FileManager.default.contentsOfDirectory(atPath: folder / "results")
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
    #expect(run.errors.contains("a_mask.png") && run.errors.contains("--output"), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: parts).count == 2)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder / "parts/a_mask.png")) == good)
  }

  @Test func resultsReplaceEarlierOnesButNoMaskOfSomebodys() throws {
    let results = try folder.folder("results")
    let name = (trained.holePicture as NSString).lastPathComponent.replacingOccurrences(of: ".png", with: "")
    let mask = try folder.file("results/\(name)_mask.png", Data("ground truth".utf8))
    let refused = try Tool.run("predict", trained.model, trained.holePicture, "--output", results)
    #expect(refused.status == 1 && refused.errors.contains(mask), "\(refused.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: mask)) == Data("ground truth".utf8))
    try FileManager.default.removeItem(atPath: mask)
    for _ in 0..<2 {
      let run = try Tool.run("predict", trained.model, trained.holePicture, "--output", results)
      #expect(run.status == 0, "\(run.errors)")
    }
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
