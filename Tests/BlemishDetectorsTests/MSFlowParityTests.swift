import BlemishFiles
import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishCore
@testable import BlemishDetectors

/// An MSFlow as a recorded case describes it, with the case's weights.
struct RecordedMSFlow {
  let flow: MSFlow
  let parameters: Parameters
  let scales: Int
  let size: Int

  init(_ golden: GoldenCase, stateDict: [String: StoredTensor]? = nil) throws {
    let features = try Self.features(golden)
    let configuration = try Self.configuration(golden)
    scales = features.shapes.count
    size = try golden.setting("input_size").integer
    parameters = Parameters(try stateDict ?? Self.stateDict(golden, features.shapes, configuration))
    flow = try MSFlow(parameters.root, features: features, configuration: configuration)
    try parameters.requireNothingLeftOver()
  }

  /// The recorded backbone features, finest scale first.
  static func inputs(_ golden: GoldenCase) throws -> [Tensor] {
    try (1...golden.setting("channels").list.count).map { Tensor(try golden.tensor("h\($0)")) }
  }

  /// The published name of a recorded one: cases say `fusion` and `parallel1` to `parallel3`.
  static func publishedName(_ recorded: String) throws -> String {
    let parts = recorded.split(separator: ".", maxSplits: 1)
    guard parts[0] != "fusion" else { return "fusion_flow.\(parts[1])" }
    let number = try #require(Int(parts[0].dropFirst("parallel".count)))
    return "parallel_flows.\(number - 1).\(parts[1])"
  }

  private static func features(_ golden: GoldenCase) throws -> FeatureDescription {
    let size = try golden.setting("input_size").integer
    let sizes = try golden.setting("sizes").integers
    return FeatureDescription(
      shapes: zip(try golden.setting("channels").integers, sizes).map {
        FeatureShape(channels: $0, height: $1, width: $1)
      }, strides: sizes.map { size / $0 })
  }

  private static func configuration(_ golden: GoldenCase) throws -> MSFlow.Configuration {
    let conditions = try golden.setting("conditions").integers
    #expect(Set(conditions).count == 1, "one number of condition channels for all scales")
    return MSFlow.Configuration(
      parallelBlocks: try golden.setting("blocks").integers,
      clamp: try golden.setting("clamp").number,
      conditionChannels: conditions[0],
      topFraction: try golden.setting("top_k").number
    )
  }

  /// The stored weights; where there are none, those that the case's prefix generates.
  private static func stateDict(
    _ golden: GoldenCase,
    _ features: [FeatureShape],
    _ configuration: MSFlow.Configuration
  ) throws -> [String: StoredTensor] {
    let stored = try golden.weights()
    guard stored.isEmpty else {
      return try PublishedMSFlow.stateDict(
        fromPublished: Dictionary(uniqueKeysWithValues: stored.map { (try publishedName($0), $1) })
      )
    }
    var result: [String: StoredTensor] = [:]
    for (name, shape) in shapes(channels: features.map(\.channels), configuration) {
      let own = try publishedName(name)
      let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
      let prefix = try golden.setting("prefix").text + "/" + parts[0]
      if name.hasSuffix(".permutation") {
        let place =
          parts[0] == "fusion" ? "perm\(shape[0])" : parts[1].dropLast("permutation".count) + "perm"
        let sources = Golden.permutation("\(prefix)/\(place)", shape[0])
        result[own] = StoredTensor(int64s: sources.map(Int64.init), shape: shape)
      } else {
        result[own] = try Golden.weight(prefix: prefix, key: parts[1], shape: shape)
      }
    }
    return result
  }

  /// The name and shape of every tensor, under the names that cases use.
  private static func shapes(channels: [Int], _ configuration: MSFlow.Configuration) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    func convolution(_ name: String, from inputs: Int, to outputs: Int) {
      shapes["\(name).weight"] = [outputs, inputs, 3, 3]
      shapes["\(name).bias"] = [outputs]
    }
    func norm(_ name: String, _ channels: Int) {
      shapes["\(name).weight"] = [channels]
      shapes["\(name).bias"] = [channels]
    }
    for (scale, channels) in channels.enumerated() {
      let inputs = channels - channels / 2 + configuration.conditionChannels
      for step in 0..<configuration.parallelBlocks[scale] {
        let place = "parallel\(scale + 1).module_list.\(step)"
        shapes["\(place).permutation"] = [channels]
        shapes["\(place).global_scale"] = [1, channels, 1, 1]
        shapes["\(place).global_offset"] = [1, channels, 1, 1]
        convolution("\(place).subnet.conv1", from: inputs, to: inputs)
        norm("\(place).subnet.ln", inputs)
        convolution("\(place).subnet.conv2", from: inputs, to: channels / 2 * 2)
      }
      shapes["fusion.module_list.\(scale).permutation"] = [channels]
    }
    let halves = channels.map { $0 / 2 }
    let all = halves.reduce(0, +)
    for subnet in ["subnet_1", "subnet_2"] {
      let place = "fusion.module_list.\(channels.count).\(subnet)"
      convolution("\(place).cross_convs.conv1", from: all, to: all / 4)
      norm("\(place).cross_convs.norm", all / 4)
      convolution("\(place).cross_convs.conv2", from: all / 4, to: all)
      for (scale, half) in halves.enumerated() {
        convolution("\(place).conv_s.\(scale)", from: half, to: half)
        convolution("\(place).conv_t.\(scale)", from: half, to: half)
      }
    }
    return shapes
  }
}

@Suite("MSFlow against the published code", .serialized) struct MSFlowParityTests {
  static let cases = Golden.cases("msflow/")

  @Test(arguments: cases) func givesTheRecordedLatentsMapsAndGradients(_ golden: GoldenCase) throws {
    let recorded = try RecordedMSFlow(golden)
    let features = try RecordedMSFlow.inputs(golden)
    let parallel = withoutGradient { recorded.flow.parallelLatents(MSFlow.prepared(features)) }
    for (index, scale) in parallel.enumerated() {
      try golden.expectClose(scale.value.floats, "parallel_z\(index + 1)")
      try golden.expectClose(scale.logDeterminant.floats, "parallel_ljd\(index + 1)")
    }
    let latents = recorded.flow(features)
    for (index, z) in latents.z.enumerated() { try golden.expectClose(z.floats, "z\(index + 1)") }
    let fusionOnly = parallel.reduce(latents.logDeterminant) { $0 - $1.logDeterminant }
    try golden.expectClose(fusionOnly.floats, "fusion_ljd")
    try golden.expectClose(latents.logDeterminant.floats, "ljd")
    try golden.expectClose(latents.loss.floats, "loss")

    let maps = recorded.flow.maps(of: latents.z, height: recorded.size, width: recorded.size)
    try golden.expectClose(maps.localization.floats, "map_add")
    try golden.expectClose(#require(maps.detection).floats, "map_mul")
    try golden.expectClose(maps.imageScore.floats, "image_score")

    let gradients = try golden.gradients()
    guard !gradients.isEmpty else { return }
    latents.loss.backward()
    for (name, expected) in gradients {
      let own = try RecordedMSFlow.publishedName(name)
      let gradient = try #require(recorded.parameters.all[own]?.gradient, "\(own)")
      expectClose(
        gradient.floats.map(Double.init),
        expected.doubles(),
        relativeTolerance: golden.relativeTolerance,
        "grad.\(name)"
      )
    }
  }

  @Test(arguments: cases) func runsBackwardsToThePooledFeatures(_ golden: GoldenCase) throws {
    let recorded = try RecordedMSFlow(golden)
    let pooled = MSFlow.prepared(try RecordedMSFlow.inputs(golden))
    let z = try (1...recorded.scales).map { Tensor(try golden.tensor("z\($0)")) }
    let features = withoutGradient { recorded.flow.inverse(z) }
    for (index, (feature, expected)) in zip(features, pooled).enumerated() {
      expectClose(
        feature.floats,
        expected.floats,
        relativeTolerance: golden.relativeTolerance,
        "\(golden.name) inverse\(index + 1)"
      )
    }
  }

  @Test(arguments: cases.filter { $0.tensorNames.contains("position1") })
  func encodesPositionsAsRecorded(_ golden: GoldenCase) throws {
    let names = golden.tensorNames.filter { $0.hasPrefix("position") }
    for name in names {
      let shape = try golden.tensor(name).shape
      let position = Tensor.positionEncoding(channels: shape[1], height: shape[2], width: shape[3])
      #expect(position.shape == shape)
      try golden.expectClose(position.floats, name)
    }
  }
}
