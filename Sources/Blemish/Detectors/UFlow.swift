import Flows
import Foundation
import Torch

/// U-Flow (Tailanian, Pardo, Musé; arXiv 2211.12353, section 3.2): a normalizing flow in the shape of a U over
/// the feature maps of several scales.
///
/// From the coarsest scale on, a stage of flow steps; a part of its channels is that scale's latent, the rest
/// goes up through an invertible upsampling and joins the next finer features.
public struct UFlow: Detector {
  /// The sizes of a U-Flow.
  public struct Configuration: Sendable, Codable, Equatable {
    /// Steps per stage.
    public var flowSteps: Int
    /// The largest absolute log-scale of a coupling.
    public var affineClamp: Double

    /// The published sizes.
    public init(flowSteps: Int = 4, affineClamp: Double = 2) {
      self.flowSteps = flowSteps
      self.affineClamp = affineClamp
    }

    /// The configuration as a model file holds it.
    public var json: String {
      get throws { String(decoding: try JSONEncoder.stable.encode(self), as: UTF8.self) }
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
  /// - Parameter normalisingFeatures: whether each map passes a trainable LayerNorm over channels, height and
  ///   width first, as the published code does with ResNets.
  /// - Throws: ``ParameterError``, and ``ConfigurationError`` where the shapes do not fit.
  public init(
    _ path: ParameterPath, features: [FeatureShape], normalisingFeatures: Bool,
    configuration: Configuration = Configuration()
  ) throws {
    try Self.check(features)
    try configuration.check()
    norms =
      normalisingFeatures
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

  private static func check(_ features: [FeatureShape]) throws {
    for (finer, coarser) in zip(features, features.dropFirst())
    where finer.height != 2 * coarser.height || finer.width != 2 * coarser.width {
      throw ConfigurationError(
        "U-Flow needs feature maps that halve from scale to scale, but \(finer) is followed by \(coarser): "
          + "choose an image size that is a multiple of the coarsest stride")
    }
    if let small = features.first(where: { $0.channels < 8 }) {
      throw ConfigurationError("U-Flow needs at least 8 channels in every feature map, not \(small.channels)")
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
  public func maps(_ z: [Tensor], height: Int, width: Int) -> Maps {
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
      throw ConfigurationError("U-Flow's stages have from 1 to 256 steps, not \(flowSteps)")
    }
    guard affineClamp.isFinite, affineClamp > 0 else {
      throw ConfigurationError("U-Flow's clamp must be a positive number, not \(affineClamp)")
    }
  }
}

/// A trainable LayerNorm over channels, height and width of one feature map.
struct FeatureNorm {
  private let weight: Tensor
  private let bias: Tensor

  init(_ path: ParameterPath, _ feature: FeatureShape) throws {
    let shape = [feature.channels, feature.height, feature.width]
    weight = try path.parameter("weight", shape, .constant(1), channelsLast: true)
    bias = try path.parameter("bias", shape, .constant(0), channelsLast: true)
  }

  /// The norm, channels-last in memory as all that follows wants it. For its derivative the features stay in memory
  /// as they came, in training with 16 bits.
  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.withDerivative(of: [x, weight.permute([1, 2, 0]), bias.permute([1, 2, 0])]) { needed in
      let (x, weight, bias) = (x.detach(), weight.permute([1, 2, 0]), bias.permute([1, 2, 0]))
      func pixels(_ map: Tensor) -> Tensor { map.channelsLast(.float32).permute([0, 2, 3, 1]) }
      let norm = pixels(x).nativeLayerNorm(weight.shape, weight: weight, bias: bias)
      let (mean, inverseDeviation) = (norm.mean, norm.inverseDeviation)
      return (
        [norm.value.permute([0, 3, 1, 2])],
        { gradients in
          guard let gradient = gradients[0], let needed else { return [nil, nil, nil] }
          let found = pixels(gradient).layerNormBackward(
            input: pixels(x), mean: mean, inverseDeviation: inverseDeviation, weight: weight, bias: bias,
            needed: needed)
          guard found.count == 3 else { return [nil, nil, nil] }
          return [needed[0] ? found[0].permute([0, 3, 1, 2]).to(x.elementType) : nil, found[1], found[2]]
        }
      )
    }[0]
  }
}

extension UFlow: DetectorType {
  /// The name that commands and model files use.
  public static let name = "uflow"
  /// Four steps a stage, clamp 2.
  public static let standard = Configuration()
  /// Bilinear resizing; maps of 256.
  public static let preparation = Preparation(size: nil, filter: .bilinear, padding: .zeros, mapSide: 256)
  /// The published schedule.
  public static let schedule = TrainingSchedule(
    epochs: 200, batch: 16, learningRate: 1e-3, weightDecay: 1e-5, course: .ramp(end: 0.4), patience: 20)

  /// What a checkpoint of the published trainer says; nil where it is of another code.
  /// - Throws: ``ParameterError`` and ``ConfigurationError``.
  public static func published(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector? {
    try PublishedUFlow.detector(in: checkpoint)
  }

  /// The checkpoint that the published code's `from_pretrained` reads.
  /// - Throws: an error where the tensors are not a U-Flow's.
  public static func checkpoint(
    of stateDict: [String: StoredTensor], backbone: [PublishedBackbonePart], epoch: Int
  ) throws -> PyTorchFile.Value {
    try PublishedUFlow.checkpoint(of: stateDict, backbone: backbone)
  }
}
