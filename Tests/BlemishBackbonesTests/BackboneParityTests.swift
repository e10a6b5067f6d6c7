import BlemishBackbones
import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@Suite("Backbones against the published code", .serialized) struct BackboneParityTests {
  static let residual = Golden.cases("backbone/").filter { $0.tensorNames.contains("layer1") }

  @Test(arguments: residual) func resNetsGiveTheRecordedMaps(_ golden: GoldenCase) throws {
    let prefix = try golden.setting("prefix").text
    // The case's name says which network it is; the prefix says how its weights are generated.
    let name = golden.name.replacingOccurrences(of: "backbone/", with: "").replacingOccurrences(
      of: "msflow_", with: "")
    let reflecting = (try? golden.setting("padding").text) == "reflect"
    let description = try BackboneCatalogue.standard.named(name)
    let weights = try description.stateDict(from: [generatedFile(of: name, prefix: prefix)])
    let backbone = try description.build(weights, padding: reflecting ? .reflection : .zeros)
    let maps = withoutGradient { backbone(Tensor(try! golden.tensor("input"))) }
    for (index, map) in maps.enumerated() { try golden.expectClose(map.floats, "layer\(index + 1)") }
  }

  @Test(arguments: Golden.cases("backbone/").filter { $0.tensorNames.contains("tokens") })
  func smallCaiTGivesTheRecordedTokens(_ golden: GoldenCase) throws {
    let configuration = CaiT.Configuration(
      name: "tiny", imageSize: try golden.setting("img_size").integer,
      width: try golden.setting("embed_dim").integer, heads: try golden.setting("num_heads").integer,
      blocks: try golden.setting("blocks_run").integer)
    let cait = try CaiT(Parameters(try golden.weights()).root, configuration)
    let input = Tensor(try golden.tensor("input"))
    try golden.expectClose(withoutGradient { cait.tokens(input) }.floats, "tokens")
  }

  @Test(arguments: Golden.cases("backbone/").filter { $0.tensorNames.contains("half") })
  func subsamplesAsTheRecordedPairDoes(_ golden: GoldenCase) throws {
    let input = try generatedInput(golden)
    try golden.expectClose(CaiTPair.subsample(input).floats, "half")
  }

  @Test(arguments: Golden.cases("backbone/").filter { $0.tensorNames.contains("scale2") })
  func caitPairGivesTheRecordedMaps(_ golden: GoldenCase) throws {
    let description = try BackboneCatalogue.standard.named("mcait")
    let prefixes = try golden.setting("prefixes").texts
    let files = try zip(description.components, prefixes).map { component, prefix in
      try generatedFile(of: component.name, prefix: prefix) { key, _ in component.uses(key) }
    }
    let pair = try description.build(try description.stateDict(from: files))
    let input = try generatedInput(golden)
    let maps = withoutGradient { pair(input) }
    for (index, map) in maps.enumerated() { try golden.expectClose(map.floats, "scale\(index + 1)") }
  }

  /// An input that the index describes as `generated: NAME [1,3,448,448]`.
  private func generatedInput(_ golden: GoldenCase) throws -> Tensor {
    let words = try golden.setting("input").text.split(separator: " ")
    try #require(words.count == 3 && words[0] == "generated:")
    let shape = words[2].split { "[,]".contains($0) }.compactMap { Int($0) }
    return Tensor(Golden.uniform(String(words[1]), shape.reduce(1, *)), shape: shape)
  }
}

/// The published state dict of a backbone, generated from a prefix.
func generatedFile(
  of name: String, prefix: String, keeping: (String, String) -> Bool = { _, _ in true }
) throws -> WeightFile {
  let keys = try Golden.json("backbone/state_dict_keys.json").object[name]!.object
  var tensors: [String: StoredTensor] = [:]
  for (key, shape) in keys where !key.hasSuffix("num_batches_tracked") && keeping(key, name) {
    guard ["fc.", "head.", "layer4.", "blocks_token_only."].allSatisfy({ !key.hasPrefix($0) }) else {
      continue
    }
    tensors[key] = try Golden.weight(prefix: prefix, key: key, shape: shape.integers)
  }
  return WeightFile(tensors: tensors)
}
