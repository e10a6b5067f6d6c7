import BlemishCore
import BlemishFiles
import Foundation
import Testing

@Suite("blemish calibrate") struct CalibrateTests {
  let trained: TrainedModel
  let folder: TemporaryFolder
  /// Good pictures, enough to learn from.
  var good: String { trained.data + "/train/good" }

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// The model with another text in place of a part of its configuration.
  private func changed(_ change: (inout [String: Any]) throws -> Void) throws -> String {
    var file = try SafeTensors.read(trained.model)
    var configuration = try jsonObject(try #require(file.metadata["blemish"]))
    try change(&configuration)
    file.metadata["blemish"] = String(
      decoding: try JSONSerialization.data(withJSONObject: configuration), as: UTF8.self)
    Model.seal(&file)
    try SafeTensors.write(file, to: folder / "changed.blemish")
    return folder / "changed.blemish"
  }

  @Test func aNameOfOneCharacterIsAName() throws {
    let command = "cd '\(folder.path)' && exec \"$0\" \"$@\""
    let run = try Tool(
      ["calibrate", trained.model, good, "--output", "m"], launcher: ["/bin/sh", "-c", command]
    ).wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(FileManager.default.fileExists(atPath: folder / "m"))
  }

  @Test func lossesBeyondAllBoundsCanBeShown() throws {
    let model = try changed { configuration in
      var training = try #require(configuration["training"] as? [String: Any])
      var progress = try #require(training["progress"] as? [String: Any])
      let epoch = try #require((progress["epochs"] as? [[String: Any]])?.first)
      progress["epochs"] = [-1.7e308, 1.7e308].map { epoch.merging(["loss": $0]) { $1 } }
      training["progress"] = progress
      configuration["training"] = training
    }
    let run = try Tool.run("info", model)
    #expect(run.status == 0 && run.output.contains("▁█"), "\(run.errors)")
  }

  @Test func learnsTheBackgroundAnewAndLeavesTheRest() throws {
    let output = folder / "new.blemish"
    let run = try Tool.run("calibrate", trained.model, good, "--output", output, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let object = try jsonObject(run.output)
    #expect(object["pictures"] as? Int == 10)
    #expect((0...1).contains(object["drift_p_value"] as? Double ?? .nan))
    let counted = try #require(object["measured_down_to_false_alarms_per_picture"] as? Double)
    let fitted = try #require(object["fitted_down_to_false_alarms_per_picture"] as? Double)
    #expect(abs(fitted - 0.1) < 1e-9 && counted > fitted)
    #expect(run.errors.contains("counted down to") && run.errors.contains("fitted to the highest regions"))
    let info = try Tool.run("info", output)
    #expect(info.output.contains("recalibrated"), "\(info.output)")
    let (before, after) = (try SafeTensors.read(trained.model), try SafeTensors.read(output))
    #expect(before.tensors.mapValues { Data($0.bytes) } == after.tensors.mapValues { Data($0.bytes) })
    #expect(try Tool.run("predict", output, trained.holePicture).status == 0)
  }

  @Test func aPlaceThatCannotBeWrittenIsAnErrorBeforeTheWorkBegins() throws {
    let run = try Tool.run("calibrate", trained.model, good, "--output", folder / "nowhere/model")
    #expect(run.status == 1)
    #expect(run.errors.contains("nowhere") && !run.errors.contains("drift"), "\(run.errors)")
  }

  @Test func aCheckThatIsToWriteIsWrongUsage() throws {
    let run = try Tool.run("calibrate", trained.model, good, "--check", "--output", folder / "new.blemish")
    #expect(run.status == 2 && run.errors.contains("--check"), "\(run.errors)")
  }

  @Test func checkWritesNothing() throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: trained.model))
    let run = try Tool.run("calibrate", trained.model, good, "--check")
    #expect(run.status == 0 && run.errors.contains("drift: p ="), "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: trained.model)) == before)
  }

  @Test(arguments: [[], ["--check"], ["--output", "OTHER"]])
  func refusesAModelWhoseTrainingIsNotFinished(_ options: [String]) throws {
    let model = try changed { configuration in
      var training = try #require(configuration["training"] as? [String: Any])
      training["finished"] = false
      configuration["training"] = training
    }
    let before = try Data(contentsOf: URL(fileURLWithPath: model))
    let arguments = ["calibrate", model, good] + options.map { $0 == "OTHER" ? folder / "other" : $0 }
    let run = try Tool(arguments).wait()
    #expect(run.status == 1)
    #expect(run.errors.contains(model) && run.errors.contains("not finished"), "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
    #expect(folder.contents == ["changed.blemish"])
  }

  @Test func saysWhyThereIsNoVerdictOnDrift() throws {
    let onTraining = try changed { configuration in
      var background = try #require(configuration["background"] as? [String: Any])
      background["source"] = "training"
      configuration["background"] = background
    }
    let run = try Tool.run("calibrate", onTraining, good, "--check", "--json")
    #expect(run.status == 0 && run.errors.contains("rest on the training pictures"), "\(run.errors)")
    #expect(try jsonObject(run.output)["drift_p_value"] == nil)
    let without = try changed { $0["background"] = nil }
    let other = try Tool.run("calibrate", without, good, "--check")
    #expect(other.status == 0 && other.errors.contains("no earlier calibration"), "\(other.errors)")
  }

  @Test(arguments: ["unreadable", "unsound", "of other grids", "of fewer scales"])
  func replacesADamagedBackground(_ damage: String) throws {
    let model = try changed { configuration in
      var background = try #require(configuration["background"] as? [String: Any])
      var test = try #require(background["test"] as? [String: Any])
      var energies = try #require(test["energies"] as? [[String: Any]])
      switch damage {
      case "unreadable": energies[0]["means"] = "none"
      case "unsound": energies[0]["deviation"] = -1
      case "of other grids": energies.reverse()
      default: energies.removeLast()
      }
      test["energies"] = energies
      background["test"] = test
      configuration["background"] = background
    }
    let refused = try Tool.run("predict", model, trained.goodPicture)
    #expect(refused.status == 1)
    #expect(refused.errors.contains(model) && refused.errors.contains("'blemish calibrate "))
    let run = try Tool.run("calibrate", model, good)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("note: \(model): its calibration is damaged"), "\(run.errors)")
    let prediction = try Tool.run("predict", model, trained.goodPicture)
    #expect(prediction.status == 0, "\(prediction.errors)")
  }

  @Test func aModelWithoutBackgroundSaysThatThePublishedTestDecides() throws {
    let model = try changed { $0["background"] = nil }
    let prediction = try Tool.run("predict", model, trained.goodPicture, trained.holePicture, "--json")
    #expect(prediction.errors.components(separatedBy: "published test decides").count == 2)
    #expect(try prediction.objects().allSatisfy { $0["test"] as? String == "published" })
    let evaluation = try Tool.run("evaluate", model, trained.data, "--json", "--quiet")
    #expect(evaluation.status == 0, "\(evaluation.errors)")
    #expect(evaluation.errors.contains("published test decides"))
    #expect(try jsonObject(evaluation.output)["test"] as? String == "published")
  }

  @Test func fewerAcceptedFalseAlarmsMakeFewerPicturesAnomalous() throws {
    func verdicts(_ falseAlarms: String) throws -> (objects: [[String: Any]], errors: String) {
      let run = try Tool.run(
        "predict", trained.model, trained.data + "/test/*/*.png", "--false-alarms", falseAlarms, "--review",
        falseAlarms, "--json")
      #expect(run.status == 0, "\(run.errors)")
      return (try run.objects(), run.errors)
    }
    let all = try verdicts("1e9")
    #expect(!all.objects.isEmpty && all.objects.allSatisfy { $0["anomalous"] as? Bool == true })
    #expect(!all.errors.contains("extrapolated"))
    for object in all.objects {
      let regions = try #require(object["regions"] as? [[String: Any]])
      let area = regions.reduce(0) { $0 + ($1["area"] as? Int ?? 0) }
      #expect(area > 0 && area < 64 * 64, "what is outside of regions is marked too")
    }
    let none = try verdicts("1e-300")
    #expect(none.errors.contains("extrapolated"))
    #expect(none.objects.count == all.objects.count)
    for object in none.objects {
      #expect(object["anomalous"] as? Bool == false)
      #expect((object["regions"] as? [Any])?.isEmpty == true)
    }
  }
}
