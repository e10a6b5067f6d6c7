import BlemishCore
import BlemishFlows
import BlemishTorch
import Foundation

/// U-Flow (Tailanian, Pardo, Musé; arXiv 2211.12353, section 3.2): a normalizing flow in the shape of a U over
/// the feature maps of several scales.
///
/// From the coarsest scale on, a stage of flow steps; a part of its channels is that scale's latent, the rest
/// goes up through an invertible upsampling and joins the next finer features.
public struct UFlow: FlowDetector {
  /// The sizes of a U-Flow.
  public struct Configuration: Sendable, Codable, Equatable {
    /// Steps per stage.
    public var flowSteps: Int
    /// The largest absolute log-scale of a coupling.
    public var affineClamp: Double
    /// Whether each feature map passes a trainable LayerNorm over channels, height and width first, as the published
    /// code does with ResNets; nil to do so where the backbone's features are not normalised.
    public var normalisesFeatures: Bool?

    /// The published sizes.
    public init(flowSteps: Int = 4, affineClamp: Double = 2, normalisesFeatures: Bool? = nil) {
      self.flowSteps = flowSteps
      self.affineClamp = affineClamp
      self.normalisesFeatures = normalisesFeatures
    }
  }

  private struct Stage {
    let steps: FlowSteps<ConvolutionSubnet>
    /// How many of the stage's channels go up; none at the finest scale.
    let rising: Int
    let channels: Int
  }

  /// From the coarsest scale to the finest.
  private let stages: [Stage]
  /// From the finest scale to the coarsest.
  private let norms: [FeatureNorm]

  /// A flow over features of these shapes, finest scale first.
  /// - Throws: `ParameterError`, and `DetectorError` where the shapes do not fit.
  public init(
    _ path: ParameterPath, features description: FeatureDescription,
    configuration: Configuration = Configuration()
  ) throws {
    let features = description.shapes
    try Self.check(features)
    try configuration.check()
    norms =
      configuration.normalisesFeatures ?? !description.areNormalised
      ? try features.enumerated().map {
        try FeatureNorm(path / "feature_extractor" / "feature_normalizations" / $0, $1)
      } : []
    var arriving = 0
    var module = 0
    var stages: [Stage] = []
    for (index, feature) in features.enumerated().reversed() {
      let channels = feature.channels + arriving
      let rising = index == 0 ? 0 : channels / 8 * 4
      let steps = try FlowSteps(
        (0..<configuration.flowSteps).map { step in
          let place = path / "flow" / "module_list" / (module + step)
          return try FlowStep(place, channels: channels, clamp: configuration.affineClamp) {
            try ConvolutionSubnet(place / "subnet", inputs: $0, outputs: $1, kernel: step % 2 == 0 ? 3 : 1)
          }
        })
      stages.append(Stage(steps: steps, rising: rising, channels: channels))
      arriving = rising / 4
      // The published list of modules counts the split, the upsampling and the concatenation too.
      module += configuration.flowSteps + 3
    }
    self.stages = stages
  }

  /// The name that commands and model files use.
  public static let name = "uflow"
  /// Bilinear resizing; maps of 256.
  public static let preparation = Preparation(mapSide: 256)
  /// The published schedule.
  public static let schedule = TrainingSchedule(
    epochs: 200, batch: 16, learningRate: 1e-3, weightDecay: 1e-5, course: .ramp(end: 0.4), patience: 20)

  /// Four steps a stage, clamp 2; norms where the features are not normalised.
  public static func standard(for features: FeatureDescription) -> Configuration {
    Configuration(normalisesFeatures: !features.areNormalised)
  }

  private static func check(_ features: [FeatureShape]) throws {
    for (finer, coarser) in zip(features, features.dropFirst())
    where finer.height != 2 * coarser.height || finer.width != 2 * coarser.width {
      throw DetectorError.features(
        detector: name,
        problem:
          "they must halve from scale to scale, but \(finer) is followed by \(coarser); the pictures' sides must "
          + "be multiples of the coarsest stride")
    }
    if let small = features.first(where: { $0.channels < 8 }) {
      throw DetectorError.features(
        detector: name, problem: "every map must have at least 8 channels, not \(small.channels)")
    }
  }

  /// The latents of feature maps `[batch, channels, height, width]`, finest scale first.
  public func latents(_ features: [Tensor]) -> Latents {
    var latents: [Tensor] = []
    var rising: Tensor?
    var logDeterminant: Tensor?
    for (stage, scale) in zip(stages, features.indices.reversed()) {
      // Only a stage at a time: norms of all scales would wait in memory for theirs.
      let own = [norms.isEmpty ? features[scale].to(.float32) : norms[scale](features[scale])]
      let result = stage.steps(rising.map { own + [$0] } ?? own)
      let x = result.value
      logDeterminant = logDeterminant.map { $0 + result.logDeterminant } ?? result.logDeterminant
      guard stage.rising > 0 else {
        latents.append(x)
        continue
      }
      let parts = x.split([stage.rising, stage.channels - stage.rising], along: 1)
      rising = parts[0].pixelShuffle(2)
      latents.append(parts[1])
    }
    return Latents(z: latents.reversed(), logDeterminant: logDeterminant!)
  }

  /// The features, as they enter the flow (behind the trainable norms), that have these latents.
  public func inverse(_ z: [Tensor]) -> [Tensor] {
    var features: [Tensor] = []
    var latents = z
    for (index, stage) in stages.enumerated().reversed() {
      let x = stage.steps.inverse(latents.removeFirst()).value
      guard index > 0 else {
        features.append(x)
        break
      }
      let arriving = stages[index - 1].rising / 4
      let parts = x.split([stage.channels - arriving, arriving], along: 1)
      features.append(parts[0])
      // What arrived from below is the coarser stage's rising part: its latent is completed by it.
      latents[0] = Tensor.cat([parts[1].pixelUnshuffle(2), latents[0]], along: 1)
    }
    return features
  }

  /// One minus the likelihood map, for pixels and regions; its maximum scores the picture.
  public func maps(of z: [Tensor], height: Int, width: Int) -> Maps {
    let likelihood = likelihoodMap(z, height: height, width: width)
    let anomaly = 1 - likelihood.squeeze(1)
    return Maps(localization: anomaly, imageScore: anomaly.amax([1, 2]))
  }

  /// `exp(-0.5 * mean over channels of z^2)`, resized bilinearly, averaged over the scales:
  /// `[batch, 1, height, width]`.
  public func likelihoodMap(_ z: [Tensor], height: Int, width: Int) -> Tensor {
    let maps = z.map { z in
      (z.square().mean([1], keepingDimensions: true) * -0.5).exp()
        .interpolateBilinear(height: height, width: width)
    }
    return Tensor.stack(maps).mean([0])
  }
}

extension UFlow.Configuration {
  /// Checks numbers that may come from a file before anything is built of them.
  fileprivate func check() throws {
    guard (1...256).contains(flowSteps) else {
      throw DetectorError.number(
        detector: UFlow.name, name: "number of steps of a stage", value: "\(flowSteps)",
        allowed: "from 1 to 256")
    }
    guard affineClamp.isFinite, affineClamp > 0 else {
      throw DetectorError.number(
        detector: UFlow.name, name: "clamp", value: "\(affineClamp)", allowed: "positive")
    }
  }
}
