import BlemishFiles
import Foundation
import GoldenCases
import Testing

@testable import BlemishFiles

/// The files in `Files` are written by `Files/make.py`.
@Suite struct PyTorchTests {
  @Test(arguments: [
    "state.pt", "state_legacy.pt", "state_protocol3.pt", "state_protocol4.pt", "state_protocol5.pt",
    "state_legacy_protocol4.pt",
  ])
  func everyKindOfFileGivesTheTensorsThatWereSaved(_ name: String) throws {
    let expected = try WeightFile(readingAny: sample("state.safetensors")).tensors
    let actual = try WeightFile(readingAny: sample(name)).tensors
    #expect(Set(actual.keys) == Set(expected.keys))
    for (key, tensor) in expected {
      #expect(actual[key]?.elementType == tensor.elementType, "\(key)")
      #expect(actual[key]?.shape == tensor.shape, "\(key)")
      #expect(actual[key]?.bytes == tensor.bytes, "\(key)")
    }
    #expect(try PyTorchFile(reading: sample(name)).passedOver == [])
  }

  @Test(arguments: ["checkpoint.ckpt", "checkpoint_protocol5.ckpt"])
  func aCheckpointGivesItsValuesAndNamesWhatIsPassedOver(_ name: String) throws {
    let file = try PyTorchFile(reading: sample(name))
    #expect(try WeightFile(readingAny: sample(name)).tensors.keys.sorted() == ["weight"])
    #expect(try file.root["state_dict"]?["weight"]?.tensor()?.floats() == [0, 1, 2])
    #expect(try file.root["epoch"]?.tensor() == nil)
    #expect(file.root["absent"] == nil)
    let described = [
      "epoch": "7", "negative": "-3", "long": "-1099511627776", "rate": "0.001", "done": "true",
      "none": "none", "name": "é🧵", "bytes": "[0, 255]", "steps": "list(1, tuple(2, 3), set(4))",
      "size": "tuple(2, 3)", "large": "object a large integer", "type": "object torch.float32",
      "hyper_parameters": "object argparse.Namespace", "complex": "object torch._utils._rebuild_tensor_v2",
    ]
    for (key, text) in described {
      #expect(file.root[key].map(describe) == text, "\(key)")
    }
    #expect(file.passedOver.contains("argparse.Namespace"))
    #expect(file.passedOver.contains("torch.float32"))
    #expect(file.passedOver.contains("torch.ComplexFloatStorage"))
    guard case .dictionary(let entries) = file.root.content, case .integer(3)? = entries.last?.key.content
    else {
      Issue.record("the last key is not 3")
      return
    }
  }

  @Test func aWholeModuleIsPassedOverByName() throws {
    let error = #expect(throws: DataFileError.self) { try WeightFile(readingAny: sample("module.pt")) }
    #expect(error?.description.contains("torch.nn.modules.linear.Linear") == true)
    #expect(error?.description.contains("module.pt") == true)
  }

  @Test func aTorchScriptProgramIsAnError() throws {
    let error = #expect(throws: DataFileError.self) { try WeightFile(readingAny: sample("script.pt")) }
    #expect(error?.description.contains("TorchScript") == true)
  }

  @Test func theCheckpointOfThePublishedUFlowTrainerLoads() throws {
    guard let path = Golden.path("uflow/three_scales.ckpt"),
      let training = Golden.case("uflow/three_scales_training")
    else { return }
    let final = try training.tensors()
    let tensors = try WeightFile(readingAny: path).tensors
    #expect(tensors.count == 98)
    for (key, tensor) in tensors {
      #expect(tensor.bytes == final[key.replacing("model.flow.", with: "final.")]?.bytes, "\(key)")
    }
  }

  @Test func theCheckpointOfThePublishedMSFlowTrainerLoads() throws {
    guard let path = Golden.path("msflow/small.pt"), let golden = Golden.case("msflow/small") else { return }
    let file = try PyTorchFile(reading: path)
    #expect(file.root["epoch"].map(describe) == "7")
    let tensors = try file.stateDictionary()
    let weights = try golden.weights()
    #expect(tensors.count == weights.count)
    for (key, expected) in weights {
      var name = key.replacing("fusion.", with: "fusion_flow.", maxReplacements: 1)
      for scale in 1...3 { name = name.replacing("parallel\(scale).", with: "parallel_flows.\(scale - 1).") }
      #expect(tensors[name]?.bytes == expected.bytes, "\(name)")
      #expect(tensors[name]?.shape == expected.shape, "\(name)")
    }
  }

  @Test(arguments: ["", "x", "PK", "\u{80}", "import os", "{\"a\": 1}", "PK\u{3}\u{4} and no more"])
  func anotherKindOfFileIsAnError(_ content: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("weights")
    try Data(content.unicodeScalars.map { UInt8($0.value) }).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: DataFileError.self) { try WeightFile(readingAny: path) }
    #expect(error?.description.contains(folder.path) == true)
  }

  @Test(arguments: ["state.pt", "state_legacy.pt", "state.safetensors"])
  func aFileCutOffAnywhereIsAnError(_ name: String) throws {
    let folder = try TemporaryFolder()
    let whole = try Data(contentsOf: URL(fileURLWithPath: sample(name)))
    for length in stride(from: 0, to: whole.count, by: 7) {
      try whole.prefix(length).write(to: URL(fileURLWithPath: folder.path("cut")))
      #expect(throws: DataFileError.self) { try WeightFile(readingAny: folder.path("cut")) }
    }
  }

  private func describe(_ value: PickledValue) -> String {
    switch value.content {
    case .none: "none"
    case .bool(let bool): "\(bool)"
    case .integer(let integer): "\(integer)"
    case .number(let number): "\(number)"
    case .text(let text): text
    case .bytes(let bytes): "\(bytes)"
    case .list(let items): "list(\(items.map(describe).joined(separator: ", ")))"
    case .tuple(let items): "tuple(\(items.map(describe).joined(separator: ", ")))"
    case .set(let items): "set(\(items.map(describe).joined(separator: ", ")))"
    case .dictionary(let entries): "dictionary of \(entries.count)"
    case .tensor: "tensor"
    case .object(let name): "object \(name)"
    }
  }
}

/// The path of a file in `Files`.
func sample(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Files/\(name)").path
}
