import BlemishImaging
import BlemishTorch
import Foundation
import Testing

/// Every command on the backbone of those who name none, from pictures to reports, small and quick.
@Suite("The commands", .serialized) struct CommandTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// The options of a training on the embedded backbone that takes seconds.
  private static let quick = ["--size", "64", "--epochs", "2", "--batch", "4"]

  private func train(_ output: String, _ options: [String]) throws -> ToolRun {
    try Tool(["train", trained.data, "--output", folder / output] + Self.quick + options).wait()
  }

  /// A hole is found where it is, and a good part is not held for more suspicious than it.
  @Test func whatWasPlantedIsFoundWithTheDefaultBackbone() throws {
    let run = try train("part.blemish", ["--tuning-steps", "2"])
    try #require(run.status == 0, "\(run.errors)")
    let info = try jsonObject(try Tool.run("info", folder / "part.blemish", "--json").output)
    #expect(info["backbone"] as? String == "embedded" && info["embedsBackbone"] as? Bool == true)
    let training = try #require(info["training"] as? [String: Any])
    #expect((training["adaptation"] as? [String: Any])?["steps"] as? Int == 2)

    let prediction = try Tool.run(
      "predict", folder / "part.blemish", trained.holePicture, trained.data + "/test/good", "--json",
      "--output", folder / "results",
      // Two pictures are held out: they promise no less.
      "--false-alarms", "0.5")
    #expect(prediction.status == 0, "\(prediction.errors)")
    let objects = try prediction.objects()
    let hole = try #require(objects.first)
    let logNFAs = try objects.map { try #require($0["log_nfa"] as? Double) }
    #expect(logNFAs.dropFirst().allSatisfy { $0 > logNFAs[0] }, "\(logNFAs)")
    #expect(hole["anomalous"] as? Bool == true)
    // The most significant region lies on what was planted.
    let truth = Mask(try Picture(contentsOf: trained.data + "/ground_truth/hole/000_mask.png"))
    let region = try #require((hole["regions"] as? [[String: Any]])?.first)
    let box = try ["x", "y", "width", "height"].map { try #require(region[$0] as? Int) }
    let isHit = (box[1]..<box[1] + box[3]).contains { y in
      (box[0]..<box[0] + box[2]).contains { x in truth.pixels[y * truth.width + x] }
    }
    #expect(isHit, "\(region)")

    let evaluation = try Tool.run(
      "evaluate", folder / "part.blemish", trained.data, "--json", "--quiet", "--report",
      folder / "report.html")
    #expect(evaluation.status == 0, "\(evaluation.errors)")
    #expect(
      try #require(jsonObject(evaluation.output)["pixel_auroc"] as? Double) > 0.7, "\(evaluation.output)")
    #expect(FileManager.default.fileExists(atPath: folder / "report.html"))
    let calibration = try Tool.run(
      "calibrate", folder / "part.blemish", trained.data + "/train/good", "--json")
    #expect(calibration.status == 0, "\(calibration.errors)")
    #expect(try jsonObject(calibration.output)["pictures"] as? Int == 10)
  }

  /// The options of tuning, and the names that they had first.
  @Test(
    arguments: [
      (["--no-tune"], nil), (["--no-adapt"], nil), (["--tuning-steps", "1"], 1), (["--adapt-steps", "1"], 1),
      (["--tune", "--tuning-steps", "1", "--tuning-minutes", "5"], 1),
      (["--adapt", "--adapt-steps", "1", "--adapt-minutes", "5"], 1),
    ] as [([String], Int?)])
  func tuningHasItsOldNamesToo(_ options: [String], steps: Int?) throws {
    let run = try train("part.blemish", options)
    try #require(run.status == 0, "\(run.errors)")
    let info = try jsonObject(try Tool.run("info", folder / "part.blemish", "--json").output)
    let training = try #require(info["training"] as? [String: Any])
    #expect((training["adaptation"] as? [String: Any])?["steps"] as? Int == steps)
  }

  @Test func oldNamesOfOptionsAreNotInTheHelp() throws {
    let help = try Tool.run("train", "--help").output
    #expect(help.contains("--tuning-steps") && help.contains("--tuning-minutes") && help.contains("--tune"))
    #expect(!help.contains("--adapt"))
  }

  @Test(arguments: [["--tuning-minutes", "0"], ["--tuning-steps", "0"], ["--adapt-minutes", "-1"]])
  func tuningsThatAreNoneAreWrongUsage(_ options: [String]) throws {
    let run = try train("part.blemish", options)
    #expect(run.status == 2 && folder.contents.isEmpty, "\(run.errors)")
  }

  @Test func whatIsExportedIsImportedToTheSameScores() throws {
    let untuned = try train("part.blemish", ["--no-tune"])
    try #require(untuned.status == 0, "\(untuned.errors)")
    func scores(_ model: String) throws -> [Double] {
      let run = try Tool.run(
        "predict", model, trained.holePicture, trained.goodPicture, "--json", "--test", "published")
      try #require(run.status == 0, "\(run.errors)")
      return try run.objects().map { try #require($0["score"] as? Double) }
    }
    for (model, ending) in [(folder / "part.blemish", "ckpt"), (trained.model, "safetensors")] {
      let checkpoint = folder / "part.\(ending)"
      let exported = try Tool.run("export", model, "--output", checkpoint)
      try #require(exported.status == 0, "\(exported.errors)")
      let backbone = ending == "ckpt" ? "embedded" : "seeded"
      let imported = try Tool.run(
        "import", checkpoint, "--output", folder / "again.blemish", "--backbone", backbone, "--size", "64")
      try #require(imported.status == 0, "\(imported.errors)")
      #expect(imported.errors.contains("calibration"), "\(imported.errors)")
      #expect(try scores(folder / "again.blemish") == scores(model))
    }
  }

  @Test func compareMakesATableAndComputesNothingTwice() throws {
    let arguments =
      ["compare", trained.data, "--output", folder / "all", "--detector", "uflow", "--tuning-steps", "1"]
      + Self.quick
    let run = try Tool(arguments).wait()
    try #require(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("| cloth |"), "\(run.output)")
    for ending in ["md", "csv", "json", "tex", "html"] {
      #expect(FileManager.default.fileExists(atPath: folder / "all/comparison.\(ending)"))
    }
    let before =
      try FileManager.default.attributesOfItem(
        atPath: folder / "all/cloth-uflow-embedded-seed0.blemish")[.modificationDate] as? Date
    let again = try Tool(arguments).wait()
    #expect(again.status == 0 && again.errors.contains("its result is there"), "\(again.errors)")
    #expect(again.output == run.output)
    let after =
      try FileManager.default.attributesOfItem(
        atPath: folder / "all/cloth-uflow-embedded-seed0.blemish")[.modificationDate] as? Date
    #expect(before != nil && before == after)
    let other = try Tool(arguments + ["--held-out", "0.4"]).wait()
    #expect(other.status == 1 && other.errors.contains("other settings"), "\(other.errors)")
  }

  @Test func backbonesAreListedWithTheirSources() throws {
    let list = try Tool.run("backbones")
    #expect(list.status == 0)
    for word in ["resnet18", "wide_resnet50_2", "https://", "SHA-256", "licence"] {
      #expect(list.output.contains(word), "\(word)")
    }
    let path = try Tool.run("backbones", "path")
    #expect(path.status == 0 && path.lines.count == 1 && path.output.hasPrefix("/"))
    let text = try folder.file("text.pth", Data("Dear Sir or Madam".utf8))
    let refused = try Tool.run("backbones", "import", text)
    #expect(refused.status == 1 && refused.errors.contains(text), "\(refused.errors)")
    #expect(try Tool.run("backbones", "pull", "nothing").status != 0)
  }

  @Test func pretrainWritesWeightsThatATrainingTakes() throws {
    let recipe = (#filePath as NSString).deletingLastPathComponent + "/../../recipes/embedded.yaml"
    var text = try String(contentsOfFile: recipe, encoding: .utf8)
    for (right, wrong) in [
      ("steps: 30000", "steps: 2"), ("  batch: 16", "  batch: 3"), ("side: 128", "side: 32"),
      ("  pictures: 256", "  pictures: 3"),
    ] {
      try #require(text.contains(right), "\(right)")
      text = text.replacingOccurrences(of: right, with: wrong)
    }
    let configuration = try folder.file("small.yaml", Data(text.utf8))
    let weights = folder / "weights.safetensors"
    let run = try Tool.run("pretrain", configuration, "--output", weights)
    try #require(run.status == 0, "\(run.errors)")
    let record = try jsonObject(String(contentsOfFile: folder / "weights.json", encoding: .utf8))
    #expect(record["steps"] as? Int == 2 && record["pictures"] as? Int == 6)
    let training = try train("part.blemish", ["--no-tune", "--weights", weights])
    #expect(training.status == 0, "\(training.errors)")
    #expect(try Tool.run("pretrain").status == 2)
    let preview = try Tool.run("pretrain", configuration, "--preview", folder / "sheets")
    #expect(preview.status == 0 && FileManager.default.fileExists(atPath: folder / "sheets/pictures-1.png"))
  }

  @Test func benchmarkPrintsFiguresThatFitTogether() throws {
    let arguments = [
      "benchmark", "--configuration", "uflow-embedded-256", "--size", "64", "--seconds", "0", "--stage",
      "backbone",
      "--stage", "detector",
    ]
    func operations(_ options: [String]) throws -> [String: Double] {
      let run = try Tool(arguments + ["--json"] + options).wait()
      try #require(run.status == 0, "\(run.errors)")
      let result = try #require((jsonObject(run.output)["results"] as? [[String: Any]])?.first)
      let stages = try #require(result["stages"] as? [[String: Any]])
      return try Dictionary(
        uniqueKeysWithValues: stages.map {
          (try #require($0["stage"] as? String), try #require($0["gigaoperations"] as? Double))
        })
    }
    let whole = try operations([])
    #expect(whole.keys.sorted() == ["backbone", "detector"])
    // Half the steps of the flow are half its work, and none of the backbone's.
    let half = try operations(["--detector-configuration", "{\"flowSteps\": 2, \"affineClamp\": 2}"])
    #expect(abs((half["backbone"] ?? 0) / (whole["backbone"] ?? 0) - 1) < 1e-6)
    #expect(abs((half["detector"] ?? 0) / (whole["detector"] ?? 0) - 0.5) < 0.05)
    let text = try Tool(arguments).wait()
    #expect(text.output.contains("GFLOP/s") && text.output.contains("uflow-embedded-256"), "\(text.output)")
    #expect(try Tool.run("benchmark", "--configuration", "nothing").status == 2)
    #expect(try Tool.run("benchmark", "--stage", "flow").status == 2)
  }

  @Test func demoShowsTheWholeJob() throws {
    let run = try Tool.run(
      "demo", folder / "demo", "--materials", "cloth", "--size", "64", "--epochs", "1", "--tuning-steps", "1",
      "--pictures", "60")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("report.html"))
    for name in ["cloth.blemish", "report.html", "pictures/cloth/train/good/000.png"] {
      #expect(FileManager.default.fileExists(atPath: folder / "demo/\(name)"), "\(name)")
    }
  }
}
