import BlemishFiles
import BlemishImaging
import Foundation
import Testing

/// A good calibration is not lost to pictures of which nothing can be learnt.
@Suite("The calibration from before") struct KeptCalibrationTests {
  let trained: TrainedModel
  let folder: TemporaryFolder
  let model: String

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
    model = folder / "model"
    try FileManager.default.copyItem(atPath: trained.model, toPath: model)
  }

  private func configuration() throws -> [String: Any] {
    try jsonObject(try #require(try SafeTensors.read(model).metadata["blemish"]))
  }

  private func calibration() throws -> NSDictionary {
    try #require(try configuration()["background"] as? NSDictionary)
  }

  /// Pictures of which nothing can be learnt, by what is wrong with them.
  private func pictures(_ what: String) throws -> String {
    let place = try folder.folder("pictures")
    let good = try Data(contentsOf: URL(fileURLWithPath: trained.goodPicture))
    switch what {
    case "one": _ = try folder.file("pictures/0.png", good)
    case "the same": for index in 0..<6 { _ = try folder.file("pictures/\(index).png", good) }
    default:
      let black = Picture(
        width: 64, height: 64, channels: 1, samples: .eightBit([UInt8](repeating: 0, count: 4096)))
      for index in 0..<6 { try black.write(png: "\(place)/\(index).png") }
    }
    return place
  }

  @Test(arguments: [("one", "too few"), ("the same", "only 1 is distinct"), ("black", "only 1 is distinct")])
  func staysWhereNothingCanBeLearnt(_ what: String, _ reason: String) throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: model))
    let run = try Tool.run("calibrate", model, try pictures(what))
    #expect(run.status == 1 && run.errors.contains(reason), "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
  }

  @Test func isTakenBackByUndo() throws {
    let before = try calibration()
    let run = try Tool.run("calibrate", model, trained.data + "/train/good")
    try #require(run.status == 0, "\(run.errors)")
    let after = try calibration()
    #expect(after != before)
    let info = try Tool.run("info", model)
    #expect(info.output.contains("--undo"), "\(info.output)")

    #expect(try Tool.run("calibrate", model, "--undo").status == 0)
    #expect(try calibration() == before)
    #expect(try Tool.run("predict", model, trained.holePicture).status == 0)
    // Done again, it takes back the undoing.
    #expect(try Tool.run("calibrate", model, "--undo").status == 0)
    #expect(try calibration() == after)
  }

  @Test func cannotBeTakenBackWhereThereIsNone() throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: model))
    let run = try Tool.run("calibrate", model, "--undo")
    #expect(run.status == 1 && run.errors.contains(model), "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
    #expect(try Tool.run("calibrate", model).status == 2)
    #expect(try Tool.run("calibrate", model, trained.goodPicture, "--undo").status == 2)
  }

  @Test func ofAFewPicturesSaysWhatCanBePromised() throws {
    let run = try Tool.run(
      "calibrate", model, trained.data + "/train/good/000.png", trained.data + "/train/good/001.png",
      trained.data + "/train/good/002.png", trained.data + "/train/good/003.png")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("no promise below 0.25 false alarms"), "\(run.errors)")
  }

  @Test(arguments: [(4, false), (5, true)])
  func isMadeByATrainingOfEnoughPictures(_ count: Int, _ isEnough: Bool) throws {
    let place = try folder.folder("good")
    for index in 0..<count {
      try FileManager.default.copyItem(
        atPath: trained.data + "/train/good/00\(index).png", toPath: "\(place)/\(index).png")
    }
    let run = try Tool(
      ["train", place, "--output", folder / "new", "--epochs", "1"] + TrainedModel.small
    ).wait()
    if isEnough {
      #expect(run.status == 0 && run.errors.contains("no promise below 0.5 false alarms"), "\(run.errors)")
    } else {
      #expect(run.status == 1 && run.errors.contains("at least 5"), "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder / "new"))
    }
  }

  @Test func isNotMadeOfOnePictureAgainAndAgain() throws {
    let run = try Tool(
      ["train", try pictures("the same"), "--output", folder / "new", "--epochs", "1"] + TrainedModel.small
    ).wait()
    #expect(run.status == 1 && run.errors.contains("only 1 is different"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder / "new"))
  }
}
