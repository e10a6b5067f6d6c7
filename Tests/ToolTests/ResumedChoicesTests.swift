import Foundation
import Testing

/// Nothing that is asked for is passed over in silence.
@Suite("Choices that cannot be heeded") struct ResumedChoicesTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// A training that was stopped.
  private func unfinished() throws -> String {
    let model = folder / "unfinished"
    let tool = try Tool(
      ["train", trained.data, "--output", model, "--epochs", "40"] + TrainedModel.small)
    #expect(tool.waits { tool.errors.contains("epoch 1 ") }, "\(tool.errors)")
    tool.send(SIGINT)
    #expect(try tool.wait().status == 130)
    return model
  }

  @Test func areNamedWhereATrainingGoesOn() throws {
    let model = try unfinished()
    let before = try Data(contentsOf: URL(fileURLWithPath: model))
    let others = [
      "--detector": "msflow", "--backbone": "resnet18", "--size": "96", "--tile": "64", "--seed": "7",
      "--epochs": "3", "--batch": "2", "--learning-rate": "0.5", "--weight-decay": "0.5", "--patience": "3",
      "--held-out": "0.5", "--keep": "last", "--precision": "bfloat16", "--cache-precision": "float32",
      "--tuning-steps": "5",
    ]
    let run = try Tool(
      ["train", trained.data, "--output", model, "--resume"] + others.flatMap { [$0, $1] } + ["--tune"]
    ).wait()
    #expect(run.status == 1, "\(run.errors)")
    for (option, value) in others {
      #expect(run.errors.contains("\(option) \(value)"), "\(option): \(run.errors)")
    }
    #expect(run.errors.contains("--tune,") && run.errors.contains("begun with 40"), "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
  }

  @Test func areNotThoseThatWereMade() throws {
    let model = try unfinished()
    let tool = try Tool(
      [
        "train", trained.data, "--output", model, "--resume", "--epochs", "40", "--seed", "0", "--held-out",
        "0.2",
      ]
        + TrainedModel.small)
    #expect(tool.waits { tool.errors.contains("epoch ") }, "\(tool.errors)")
    tool.send(SIGINT)
    let run = try tool.wait()
    #expect(run.status == 130 && !run.errors.contains("other choices"), "\(run.errors)")
  }

  @Test func areToJudgeByHalfATraining() throws {
    let model = try unfinished()
    for arguments in [
      ["predict", model, trained.goodPicture], ["evaluate", model, trained.data, "--quiet"],
    ] {
      let refused = try Tool(arguments).wait()
      #expect(refused.status == 1, "\(refused.errors)")
      #expect(refused.errors.contains("--unfinished") && refused.errors.contains("--resume"))
      let run = try Tool(arguments + ["--unfinished"]).wait()
      #expect(run.status == 0 && run.errors.contains("not finished"), "\(run.errors)")
    }
  }

  /// A model that holds its backbone's weights has no use for others.
  @Test func areWeightsForAModelThatHoldsThem() throws {
    let model = folder / "embedded"
    let options = ["--size", "64", "--batch", "4", "--epochs", "1", "--no-tune", "--output", model]
    let made = try Tool(["train", trained.data] + options).wait()
    try #require(made.status == 0, "\(made.errors)")
    let run = try Tool.run("predict", model, trained.goodPicture, "--weights", trained.model)
    #expect(run.status == 1 && run.errors.contains("--weights"), "\(run.errors)")
    // To train with, weights are read: these are of something else.
    let other = try Tool(["train", trained.data, "--weights", trained.model] + options).wait()
    #expect(other.status == 1, "\(other.errors)")
  }
}
