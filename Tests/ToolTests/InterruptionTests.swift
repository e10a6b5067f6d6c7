import BlemishFiles
import Foundation
import Testing

/// A training that is stopped from outside goes on to the same weights, bit for bit.
@Suite("An interrupted blemish train") struct InterruptionTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  private func arguments(_ model: String, _ options: [String]) -> [String] {
    ["train", trained.data, "--output", folder / model] + TrainedModel.small + ["--epochs", "12"] + options
  }

  /// The tensors' bytes by name.
  private func tensors(_ model: String) throws -> [String: Data] {
    try SafeTensors.read(folder / model).tensors.mapValues { Data($0.bytes) }
  }

  private func finish(_ model: String) throws {
    let run = try Tool.run("train", trained.data, "--output", folder / model, "--resume")
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test(arguments: ["likelihood", "last"]) func endsWithTheSameWeightsAsAnUninterruptedOne(_ keep: String)
    throws
  {
    let whole = try Tool(arguments("whole", ["--keep", keep])).wait()
    try #require(whole.status == 0, "\(whole.errors)")
    let expected = try tensors("whole")

    for (name, signal) in [("interrupted", SIGINT), ("terminated", SIGTERM)] {
      let tool = try Tool(arguments(name, ["--keep", keep]))
      #expect(tool.waits { tool.errors.contains("epoch 2 ") }, "\(tool.errors)")
      tool.send(signal)
      let run = try tool.wait()
      #expect(run.status == 130, "\(run.errors)")
      #expect(run.errors.contains("--resume"))
      #expect(try Tool.run("info", folder / name).output.contains("not finished"))
      // What has been learnt so far is a model.
      let refused = try Tool.run("predict", folder / name, trained.goodPicture)
      #expect(refused.status == 1 && refused.errors.contains("not finished"), "\(refused.errors)")
      let prediction = try Tool.run("predict", folder / name, trained.goodPicture, "--unfinished")
      #expect(prediction.status == 0 && prediction.errors.contains("not finished"), "\(prediction.errors)")
      // Begun anew, it would be lost.
      let anew = try Tool(arguments(name, [])).wait()
      #expect(anew.status == 1 && anew.errors.contains("--resume"), "\(anew.errors)")
      try finish(name)
      #expect(try tensors(name) == expected)
    }

    let killed = try Tool(arguments("killed", ["--keep", keep, "--checkpoint-minutes", "0"]))
    #expect(killed.waits { killed.errors.contains("epoch 3 ") }, "\(killed.errors)")
    killed.send(SIGKILL)
    #expect(try killed.wait().status == -SIGKILL)
    try finish("killed")
    #expect(try tensors("killed") == expected)

    let again = try Tool.run("train", trained.data, "--output", folder / "whole", "--resume")
    #expect(again.status == 1)
    #expect(again.errors.contains("finished"))
  }

  @Test func withOtherPicturesItIsAnErrorThatLeavesTheCheckpoint() throws {
    let tool = try Tool(arguments("model", []))
    #expect(tool.waits { tool.errors.contains("epoch 1 ") })
    tool.send(SIGINT)
    #expect(try tool.wait().status == 130)
    let before = try tensors("model")
    try FileManager.default.copyItem(atPath: trained.data, toPath: folder / "cloth")
    let picture = folder / "cloth/train/good/000.png"
    try FileManager.default.removeItem(atPath: picture)
    try FileManager.default.copyItem(atPath: trained.goodPicture, toPath: picture)
    let run = try Tool.run("train", folder / "cloth", "--output", folder / "model", "--resume")
    #expect(run.status == 1)
    #expect(run.errors.contains(folder / "model"), "\(run.errors)")
    #expect(run.errors.contains("have changed"), "\(run.errors)")
    #expect(try tensors("model") == before)
  }
}
