import BlemishCore
import BlemishFiles
import BlemishTorch
import Foundation
import Testing

@Suite("A damaged model file") struct DamagedModelTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// Runs every command that reads a model; each must end with status 1 and a text that names the file.
  private func expectRefused(_ model: String, _ complaint: String, infoReadsIt: Bool = false) throws {
    let before = folder.contents
    var commands = [
      ["predict", model, trained.goodPicture, "--output", folder / "results"],
      ["evaluate", model, trained.data, "--report", folder / "report"],
      ["train", trained.data, "--output", model, "--resume"],
    ]
    if !infoReadsIt { commands.append(["info", model]) }
    for command in commands {
      let run = try Tool(command).wait()
      #expect(run.status == 1, "\(command[0]): \(run.errors)")
      #expect(run.errors.contains(model) && run.errors.contains(complaint), "\(command[0]): \(run.errors)")
      #expect(run.output.isEmpty)
    }
    #expect(folder.contents == before)
  }

  /// The model with some of its tensors changed.
  private func changed(_ change: (inout [String: StoredTensor]) throws -> Void) throws -> String {
    var file = try SafeTensors.read(trained.model)
    try change(&file.tensors)
    // What is wrong is what was written, not what happened to the file later.
    Model.seal(&file)
    try SafeTensors.write(file, to: folder / "changed.blemish")
    return folder / "changed.blemish"
  }

  @Test(arguments: [0.0, 0.001, 0.5, 0.999]) func cutOffIsAnError(_ part: Double) throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: trained.model))
    try expectRefused(
      folder.file("cut.blemish", whole.prefix(Int(Double(whole.count) * part))),
      "cut"
    )
  }

  @Test func ofAnotherKindIsAnError() throws {
    try expectRefused(
      folder.file("text.blemish", Data("Dear Sir or Madam,\n".utf8)),
      "is not a safetensors file"
    )
    try expectRefused(trained.goodPicture, "is not a safetensors file")
    try expectRefused(folder.folder("model.blemish"), "is a folder, not a file")
    try expectRefused(folder / "missing.blemish", "there is no such file")
    try SafeTensors.write(WeightFile(tensors: [:]), to: folder / "weights.safetensors")
    try expectRefused(folder / "weights.safetensors", "is not a Blemish model")
  }

  @Test func withAFlippedBitIsAnError() throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: trained.model))
    bytes[bytes.count - 1000] ^= 4
    try expectRefused(folder.file("flipped.blemish", bytes), "is damaged", infoReadsIt: true)
  }

  @Test func withATensorOfAnotherShapeIsAnError() throws {
    let name = try #require(
      try SafeTensors.read(trained.model).tensors.keys.filter { $0.hasSuffix(".weight") }.sorted().last
    )
    let model = try changed { tensors in
      let tensor = try #require(tensors[name])
      tensors[name] = try StoredTensor(
        elementType: tensor.elementType,
        shape: [tensor.count],
        bytes: tensor.bytes
      )
    }
    try expectRefused(model, "has shape", infoReadsIt: true)
  }

  @Test func withANumberThatIsNoneIsAnError() throws {
    let name = try #require(
      try SafeTensors.read(trained.model).tensors.keys.filter { $0.hasSuffix(".bias") }.sorted().last
    )
    for number in [Float.nan, .infinity] {
      let model = try changed { tensors in
        let tensor = try #require(tensors[name])
        var values = tensor.floats()
        values[values.count / 2] = number
        tensors[name] = StoredTensor(floats: values, shape: tensor.shape)
      }
      try expectRefused(model, "holds a NaN or an infinite number", infoReadsIt: true)
    }
  }

  @Test func withoutATensorOrWithOneTooManyIsAnError() throws {
    let name = try #require(try SafeTensors.read(trained.model).tensors.keys.sorted().last)
    try expectRefused(try changed { $0[name] = nil }, "the weights have no tensor", infoReadsIt: true)
    try expectRefused(
      try changed { $0["detector.extra"] = StoredTensor(floats: [1], shape: [1]) },
      "do not belong to the model",
      infoReadsIt: true
    )
  }
}
