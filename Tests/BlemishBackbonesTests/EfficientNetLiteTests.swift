import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishBackbones

@Suite("EfficientNet-Lite against the published code") struct EfficientNetLiteTests {
  /// Maps that `make.py` recorded, of sides that are even at every stride and of some that are not.
  @Test(arguments: [("efficientnet_lite0", 96, 128), ("efficientnet_lite2", 64, 65)])
  func givesTheRecordedMaps(_ name: String, _ height: Int, _ width: Int) throws {
    let description = try BackboneCatalogue.standard.named(name)
    let weights = try description.stateDict(from: [Self.generated(description)])
    let backbone = try description.build(weights)
    let picture = Tensor(
      Golden.uniform("\(name)/picture", 3 * height * width), shape: [1, 3, height, width])
    let maps = withoutGradient { backbone(picture) }
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/EfficientNetLite"
    let recorded = try SafeTensors.read("\(folder)/\(name).safetensors").tensors
    #expect(maps.count == recorded.count)
    for (index, map) in maps.enumerated() {
      let expected = try #require(recorded["map\(index + 1)"])
      #expect(map.shape == expected.shape)
      expectClose(
        map.floats.map(Double.init), expected.doubles(), relativeTolerance: 1e-4,
        "\(name) map \(index + 1)")
    }
  }

  @Test func theVariantsAreToldApart() throws {
    let lites = try (0...2).map { try BackboneCatalogue.standard.named("efficientnet_lite\($0)") }
    for lite in lites {
      let file = try Self.generated(lite)
      let fitting = try lites.filter { try $0.components[0].tensors(in: file.tensors) != nil }
      #expect(fitting.map(\.name) == [lite.name])
    }
    var ordinary = try Self.generated(lites[0]).tensors
    ordinary["_blocks.0._se_reduce.weight"] = StoredTensor(floats: [0], shape: [1])
    #expect(try lites[0].components[0].tensors(in: ordinary) == nil)
  }

  /// A file of weights that are functions of their names, norms 1.7 times as large as usual, so that the ceiling is reached.
  private static func generated(_ description: BackboneDescription) throws -> WeightFile {
    let declared = Parameters(seed: 0)
    try description.components[0].build(declared.root)
    var tensors: [String: StoredTensor] = [:]
    for (key, tensor) in declared.stateDict() {
      let weight = try Golden.weight(prefix: description.name, key: key, shape: tensor.shape)
      let isScaled = tensor.shape.count == 1 && !key.hasSuffix("running_var")
      tensors[key] =
        isScaled
        ? StoredTensor(floats: weight.doubles().map { Float(1.7) * Float($0) }, shape: weight.shape)
        : weight
    }
    return WeightFile(tensors: tensors)
  }
}
