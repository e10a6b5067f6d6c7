import Foundation
import Testing

@Suite("blemish train, evaluate and info") struct TrainTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  private func train(_ data: String, _ options: String...) throws -> ToolRun {
    try Tool(["train", data] + TrainedModel.small + ["--epochs", "1"] + options).wait()
  }

  @Test func aFolderWithoutPicturesIsAnErrorThatNamesIt() throws {
    let empty = try folder.folder("nothing")
    let run = try train(empty, "--output", folder / "model")
    #expect(run.status == 1)
    #expect(run.errors.contains(empty) && run.errors.contains("is empty"), "\(run.errors)")
    #expect(folder.contents == ["nothing"])
  }

  @Test func aPictureThatCannotBeReadIsAnErrorThatNamesItAndLeavesNothing() throws {
    let damaged = try DamagedPictures(into: try folder.folder("damaged"))
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    for (name, complaint) in damaged.files where name != "folder.png" {
      let data = try folder.folder("data")
      for index in 0..<3 { _ = try folder.file("data/good\(index).png", good) }
      try FileManager.default.copyItem(atPath: folder / "damaged/\(name)", toPath: "\(data)/\(name)")
      let before = folder.contents
      let run = try train(data, "--output", folder / "model")
      #expect(run.status == 1, "\(name): \(run.errors)")
      #expect(
        run.errors.contains("\(data)/\(name)") && run.errors.contains(complaint),
        "\(name): \(run.errors)"
      )
      #expect(folder.contents == before)
      try FileManager.default.removeItem(atPath: data)
    }
  }

  @Test(arguments: ["file/model", "nowhere/model", "folder", "new/", "/proc/model", "/dev/null/model"])
  func aModelThatCannotBeWrittenIsAnErrorBeforeTheWorkBegins(_ place: String) throws {
    _ = try folder.file("file", Data("not a folder".utf8))
    _ = try folder.folder("folder")
    let output = place.hasPrefix("/") ? place : folder / place
    let before = folder.contents
    let run = try train(trained.data, "--output", output)
    #expect(run.status == 1)
    #expect(run.errors.contains(output), "\(run.errors)")
    #expect(!run.errors.contains("epoch") && !run.errors.contains("features of"))
    #expect(folder.contents == before)
  }

  @Test(.enabled(if: Unprivileged.canRunTool)) func aFolderWithoutPermissionIsAnErrorThatNamesIt() throws {
    try Unprivileged.show(folder.path)
    try Unprivileged.show(trained.folder.path)
    let locked = try folder.folder("locked")
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: locked)
    let run = try Tool.run(
      "train",
      trained.data,
      "--output",
      locked + "/model",
      launcher: Unprivileged.launcher
    )
    #expect(run.status == 1)
    #expect(run.errors.contains(locked) && run.errors.contains("permission is denied"), "\(run.errors)")
    #expect(folder.contents == ["locked"])
  }

  @Test func anOldModelStaysWholeWhenTrainingFails() throws {
    let old = try folder.file("model", Data(contentsOf: URL(fileURLWithPath: trained.model)))
    let run = try train(trained.data, "--output", old, "--learning-rate", "1e30")
    #expect(run.status == 1)
    #expect(run.errors.contains("diverged"), "\(run.errors)")
    #expect(
      FileManager.default.contentsEqual(atPath: old, andPath: trained.model) && folder.contents == ["model"]
    )
  }

  @Test(arguments: [
    ["--epochs", "0"], ["--epochs", "9223372036854775807"], ["--epochs", "1e9"], ["--batch", "0"],
    ["--batch", "-1"],
    ["--batch", "9223372036854775807"], ["--learning-rate", "0"], ["--learning-rate", "nan"],
    ["--learning-rate", "inf"], ["--weight-decay", "-1"], ["--held-out", "1"], ["--held-out", "nan"],
    ["--size", "0"], ["--size", "15"], ["--size", "31"], ["--size", "64x"], ["--size", "64x64x3"],
    ["--size", "99999999999999999999"],
    ["--size", "-64x64"], ["--detector", "none"], ["--backbone", "none"], ["--settings", "none"],
    ["--keep", "none"], ["--detector", "msflow", "--settings", "carpet"],
    ["--detector", "msflow", "--published-ramp"],
    ["--seed", "-1"], ["--format", "none"], ["--nonsense"],
  ])
  func wrongUsageIsStatus2(_ options: [String]) throws {
    let run = try Tool(["train", trained.data, "--output", folder / "model"] + options).wait()
    #expect(run.status == 2, "\(run.errors)")
    #expect(run.errors.contains("Usage:") && run.output.isEmpty)
    #expect(folder.contents.isEmpty)
  }

  @Test func commandsThatAreNoneAreStatus2AndHelpIsStatus0() throws {
    #expect(try Tool.run("trian", trained.data).status == 2)
    #expect(try Tool.run("train", trained.data).status == 2)
    #expect(try Tool.run("evaluate", trained.model).status == 2)
    #expect(try Tool.run("info").status == 2)
    for arguments in [["--help"], ["--version"], ["train", "--help"], ["predict", "--help"]] {
      let run = try Tool(arguments).wait()
      #expect(run.status == 0 && !run.output.isEmpty)
    }
  }

  @Test(arguments: ["model: [", "\u{0}", "just text", "trainer: {epochs: -5}", "trainer: {batch_train: 1.5}"])
  func settingsThatCannotBeReadAreAnErrorThatNamesTheFile(_ text: String) throws {
    let settings = try folder.file("settings.yaml", Data(text.utf8))
    let run = try train(trained.data, "--output", folder / "model", "--settings", settings)
    #expect(run.status == 1)
    #expect(run.errors.contains(settings), "\(run.errors)")
    #expect(folder.contents == ["settings.yaml"])
  }

  @Test func aBackboneWithoutItsWeightsSaysWhereToGetThem() throws {
    let run = try train(trained.data, "--output", folder / "model", "--backbone", "resnet18")
    #expect(run.status == 1)
    #expect(run.errors.contains("--weights") && run.errors.contains("resnet18"))
    #expect(folder.contents.isEmpty)
  }

  @Test func evaluationPrintsOneObjectWithEveryFigure() throws {
    let run = try Tool.run("evaluate", trained.model, trained.data, "--json", "--quiet")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lines.count == 1)
    let object = try jsonObject(run.output)
    for key in [
      "image_auroc", "pixel_auroc", "aupro", "miou_at_log_nfa_0", "miou_oracle",
      "false_alarms_per_normal_image",
      "images", "seconds_per_image",
    ] { #expect(object[key] is NSNumber, "\(key)") }
  }

  /// Where defects come beside the good pictures later, some of these become test pictures that the model knows.
  @Test func evaluationSaysWhenTheGoodPicturesAreOthers() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    let data = try folder.folder("parts/good")
    for index in 0..<6 { _ = try folder.file("parts/good/\(index).png", good + Data([UInt8(index)])) }
    let trainedRun = try train(folder / "parts", "--output", folder / "model")
    try #require(trainedRun.status == 0, "\(trainedRun.errors)")
    _ = try folder.folder("parts/hole")
    try FileManager.default.copyItem(atPath: trained.holePicture, toPath: folder / "parts/hole/0.png")
    let run = try Tool.run("evaluate", folder / "model", folder / "parts")
    #expect(run.status == 0 && run.errors.contains("no longer those"), "\(data): \(run.errors)")
    let same = try Tool.run("evaluate", trained.model, trained.data)
    #expect(same.status == 0 && !same.errors.contains("no longer those"), "\(same.errors)")
  }

  @Test func aFairThresholdWithoutGoodPicturesIsAnError() throws {
    let listing = try folder.file(
      "test.csv",
      Data("image,label,split\n\(trained.holePicture),hole,test\n\(trained.goodPicture),good,test\n".utf8))
    let run = try Tool.run("evaluate", trained.model, listing, "--fair-threshold")
    #expect(run.status == 1 && run.errors.contains("--fair-threshold"), "\(run.errors)")
    #expect(try Tool.run("evaluate", trained.model, listing).status == 0)
  }

  @Test func whatCannotBeComputedIsNullWithAReason() throws {
    let data = try folder.folder("data")
    for part in ["train", "test"] {
      _ = try folder.folder("data/\(part)")
      try FileManager.default.copyItem(
        atPath: "\(trained.data)/\(part)/good",
        toPath: "\(data)/\(part)/good"
      )
    }
    let run = try Tool.run("evaluate", trained.model, data, "--json", "--quiet")
    #expect(run.status == 0, "\(run.errors)")
    let object = try jsonObject(run.output)
    let reasons = try #require(object["unavailable"] as? [String: String])
    for key in ["image_auroc", "pixel_auroc", "aupro"] {
      #expect(object[key] is NSNull && reasons[key]?.isEmpty == false, "\(key)")
    }
    #expect(object["false_alarms_per_normal_image"] is NSNumber)
  }

  @Test func infoSaysWhatTheModelWasTrainedOn() throws {
    let object = try jsonObject(try Tool.run("info", trained.model, "--json").output)
    let training = try #require(object["training"] as? [String: Any])
    #expect(training["data"] as? String == trained.data)
    #expect(training["finished"] as? Bool == true)
    let text = try Tool.run("info", trained.model).output
    #expect(text.contains(trained.data) && text.contains("64x64"))
  }
}
