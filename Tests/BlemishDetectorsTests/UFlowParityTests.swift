import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishCore
@testable import BlemishDetectors

/// A U-Flow as a recorded case describes it, with the case's weights.
struct RecordedUFlow {
  let flow: UFlow
  let parameters: Parameters
  let scales: Int

  init(_ golden: GoldenCase) throws {
    let features = try Self.features(golden)
    let configuration = try Self.configuration(golden)
    scales = features.shapes.count
    parameters = Parameters(try Self.stateDict(golden, features: features, configuration))
    flow = try UFlow(parameters.root, features: features, configuration: configuration)
    try parameters.requireNothingLeftOver()
  }

  /// The features that the case's configuration says.
  static func features(_ golden: GoldenCase) throws -> FeatureDescription {
    let size = try golden.setting("input_size").integer
    let factors = try golden.setting("scale_factors").integers
    return FeatureDescription(
      shapes: zip(try golden.setting("channels").integers, factors).map {
        FeatureShape(channels: $0, height: size / $1, width: size / $1)
      }, strides: factors)
  }

  /// The flow that the case's configuration says; its features are those behind any norm.
  static func configuration(_ golden: GoldenCase) throws -> UFlow.Configuration {
    UFlow.Configuration(
      flowSteps: try golden.setting("flow_steps").integer,
      affineClamp: try golden.setting("affine_clamp").number,
      normalisesFeatures: false)
  }

  /// The stored weights; where there are none, those that the case's prefix generates.
  static func stateDict(
    _ golden: GoldenCase, features: FeatureDescription, _ configuration: UFlow.Configuration
  ) throws -> [String: StoredTensor] {
    let stored = try golden.weights()
    if !stored.isEmpty {
      return try PublishedUFlow.stateDict(
        fromPublished: Dictionary(uniqueKeysWithValues: stored.map { ("flow.\($0)", $1) }))
    }
    return try generatedStateDict(
      prefix: golden.setting("prefix").text, features: features, configuration: configuration)
  }

  /// The state dict that a prefix generates, of the shapes that a fresh flow has.
  static func generatedStateDict(
    prefix: String, features: FeatureDescription, configuration: UFlow.Configuration
  ) throws -> [String: StoredTensor] {
    let template = Parameters(seed: 0)
    _ = try UFlow(template.root, features: features, configuration: configuration)
    var result: [String: StoredTensor] = [:]
    for (name, tensor) in template.all {
      let key = String(name.dropFirst("flow.".count))
      if key.hasSuffix(".permutation") {
        let place = key.dropLast("permutation".count)
        let sources = Golden.permutation("\(prefix)/\(place)perm", tensor.count)
        result[name] = StoredTensor(int64s: sources.map(Int64.init), shape: [tensor.count])
      } else {
        result[name] = try Golden.weight(prefix: prefix, key: key, shape: tensor.shape)
      }
    }
    return result
  }
}

@Suite("U-Flow against the published code", .serialized) struct UFlowParityTests {
  static let cases = Golden.cases("uflow/").filter { $0.tensorNames.contains("feature1") }

  @Test(arguments: cases) func givesTheRecordedLatentsMapAndGradients(_ golden: GoldenCase) throws {
    let recorded = try RecordedUFlow(golden)
    let features = try (1...recorded.scales).map { Tensor(try golden.tensor("feature\($0)")) }
    let latents = recorded.flow(features)
    for (index, z) in latents.z.enumerated() { try golden.expectClose(z.floats, "z\(index + 1)") }
    try golden.expectClose(latents.logDeterminant.floats, "ljd")
    try golden.expectClose(latents.loss.floats, "loss")
    // What was recorded under this name is one minus the likelihood.
    let map = recorded.flow.maps(of: latents.z, height: 256, width: 256).localization
    try golden.expectClose(map.floats, "likelihood_map")

    let gradients = try golden.gradients()
    guard !gradients.isEmpty else { return }
    latents.loss.backward()
    for (name, expected) in gradients {
      let gradient = try #require(recorded.parameters.all["flow.\(name)"]?.gradient, "\(name)")
      expectClose(
        gradient.floats.map { Double($0) }, expected.doubles(), relativeTolerance: golden.relativeTolerance,
        "grad.\(name)")
    }
  }

  @Test(arguments: cases) func runsBackwardsToTheFeatures(_ golden: GoldenCase) throws {
    let recorded = try RecordedUFlow(golden)
    let z = try (1...recorded.scales).map { Tensor(try golden.tensor("z\($0)")) }
    let features = withoutGradient { recorded.flow.inverse(z) }
    for (index, feature) in features.enumerated() {
      let name = golden.tensorNames.contains("inverse1") ? "inverse" : "feature"
      try golden.expectClose(feature.floats, "\(name)\(index + 1)")
    }
  }

  @Test(arguments: Golden.cases("uflow/").filter { $0.tensorNames.contains("lr") })
  func takesTheRecordedTrainingSteps(_ golden: GoldenCase) throws {
    let prefix = try golden.setting("prefix").text
    // The case of the same name without this ending says which flow it is.
    let start = try #require(Golden.case(golden.name.replacingOccurrences(of: "_training", with: "")))
    let features = try RecordedUFlow.features(start)
    let configuration = try RecordedUFlow.configuration(start)
    var weights = try RecordedUFlow.generatedStateDict(
      prefix: prefix, features: features, configuration: configuration)
    // The recorder generated its weights twice over: scales, which are generated from what is there, moved twice.
    for (name, tensor) in weights where name.hasSuffix("global_scale") {
      let key = String(name.dropFirst("flow.".count))
      let moves = Golden.uniform("\(prefix)/\(key)", tensor.count)
      let moved = zip(tensor.floats(), moves).map { $0 + 0.1 * $1 }
      weights[name] = StoredTensor(floats: moved, shape: tensor.shape)
    }
    let parameters = Parameters(weights)
    let flow = try UFlow(parameters.root, features: features, configuration: configuration)
    let optimizer = Adam(parameters.trainable, weightDecay: 1e-5)
    let steps = try golden.tensor("loss").count
    let schedule = TrainingSchedule(
      epochs: steps, batch: 2, learningRate: 1e-3, weightDecay: 1e-5, course: .ramp(end: 0.4))
    let batch = try start.tensor("feature1").shape[0]
    var losses: [Float] = []
    var rates: [Double] = []
    for step in 0..<steps {
      let inputs = features.shapes.enumerated().map { index, shape in
        let all = [batch, shape.channels, shape.height, shape.width]
        return Tensor(
          Golden.gauss("\(prefix)/train\(step)/feature\(index + 1)", all.reduce(1, *)), shape: all)
      }
      let loss = flow(inputs).loss
      losses += loss.floats
      loss.backward()
      rates.append(schedule.learningRate(step: step, stepsPerEpoch: 1))
      optimizer.step(learningRate: rates[step])
    }
    try golden.expectClose(losses, "loss")
    try golden.expectClose(rates.map { Float($0) }, "lr")
    let final = try PublishedUFlow.published(fromStateDict: parameters.stateDict())
    for name in golden.tensorNames where name.hasPrefix("final.") {
      let own = try #require(final["flow." + name.dropFirst("final.".count)], "\(name)")
      try golden.expectClose(own.floats(), name)
    }
  }
}
