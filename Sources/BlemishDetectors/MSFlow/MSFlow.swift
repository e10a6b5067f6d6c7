import BlemishCore
import BlemishFlows
import BlemishTorch

/// MSFlow (Zhou et al.; arXiv 2308.15300): a flow for each scale's feature map, side by side, then one fusion
/// flow in which the scales see each other.
///
/// Every map is halved by an average pool first. The parallel flows know where in the picture they are by a
/// position encoding.
public struct MSFlow: FlowDetector {
  /// The sizes of an MSFlow.
  public struct Configuration: Sendable, Codable, Equatable {
    /// Steps of each scale's parallel flow, finest scale first.
    public var parallelBlocks: [Int]
    /// About the largest absolute log-scale of a coupling.
    public var clamp: Double
    /// Channels of the position encoding, a multiple of four.
    public var conditionChannels: Int
    /// The part of the detection map, its largest values, whose mean is the image score.
    public var topFraction: Double

    /// The published sizes.
    public init(
      parallelBlocks: [Int] = [2, 5, 8],
      clamp: Double = 1.9,
      conditionChannels: Int = 64,
      topFraction: Double = 0.03
    ) {
      self.parallelBlocks = parallelBlocks
      self.clamp = clamp
      self.conditionChannels = conditionChannels
      self.topFraction = topFraction
    }
  }

  /// One flow a scale, finest first.
  private let parallelFlows: [FlowSteps<NormalizedSubnet>]
  private let fusionFlow: FusionFlow
  private let configuration: Configuration
  private let device: Device

  /// A flow over features of these shapes, finest scale first.
  /// - Throws: `ParameterError`, and `DetectorError` where shapes and configuration do not fit.
  public init(
    _ path: ParameterPath,
    features description: FeatureDescription,
    configuration: Configuration = Configuration()
  ) throws {
    let features = description.shapes
    try configuration.check(for: features)
    parallelFlows = try zip(features, configuration.parallelBlocks).enumerated().map { scale, flow in
      let (feature, depth) = flow
      return try FlowSteps(
        (0..<depth).map { step in
          let place = path / "parallel_flows" / scale / "module_list" / step
          return try FlowStep(
            place,
            channels: feature.channels,
            conditions: configuration.conditionChannels,
            clamp: configuration.clamp
          ) { try NormalizedSubnet(place / "subnet", inputs: $0, outputs: $1) }
        })
    }
    fusionFlow = try FusionFlow(
      path / "fusion_flow",
      channels: features.map(\.channels),
      clamp: configuration.clamp
    )
    self.configuration = configuration
    device = path.device
  }

  /// The name that commands and model files use.
  public static let name = "msflow"
  /// Pictures of 512 x 512, resized with Lanczos's filter; maps at the pictures' size.
  public static let preparation = Preparation(size: 512, filter: .lanczos, padding: .reflection)
  /// 25 times 4 epochs; the published scheduler steps after every one of them.
  public static let schedule = TrainingSchedule(
    epochs: 100,
    batch: 8,
    learningRate: 1e-4,
    weightDecay: 0,
    course: .warmUpAndMilestones(start: 0.1, warmUp: 12, milestones: [70, 90], factor: 0.33),
    gradientNormLimit: 2
  )

  /// The published depths from the finest scale on: 2, 5, 8, and three more for every further scale.
  public static func standard(for features: FeatureDescription) -> Configuration {
    Configuration(parallelBlocks: features.shapes.indices.map { 2 + 3 * $0 })
  }

  /// Average pools of 3 x 3 and stride 2.
  public static let featureIdentity = "average pool 3, stride 2"
  /// Half as high and wide, rounded up.
  public static func preparedShapes(of features: [FeatureShape]) -> [FeatureShape] {
    features.map { $0.pooled(2) }
  }
  /// The feature maps as they enter the flows: means of overlapping windows of 3 x 3 at every second pixel.
  public static func prepared(_ features: [Tensor]) -> [Tensor] {
    features.map { $0.avgPool2d(3, stride: 2, padding: 1) }
  }

  /// The latents of pooled feature maps `[batch, channels, height, width]`, finest scale first.
  public func latents(_ pooled: [Tensor]) -> Latents {
    let parallel = parallelLatents(pooled)
    let fused = fusionFlow(parallel.map(\.value))
    return Latents(
      z: fused.values,
      logDeterminant: parallel.reduce(fused.logDeterminant) { $0 + $1.logDeterminant }
    )
  }

  /// The features behind the average pool that have these latents.
  public func inverse(_ z: [Tensor]) -> [Tensor] {
    zip(parallelFlows, fusionFlow.inverse(z).values).map { steps, z in
      steps.inverse(z, condition: positions(of: z)).value
    }
  }

  /// What each scale's parallel flow makes of its pooled feature map.
  func parallelLatents(_ pooled: [Tensor]) -> [Transformed] {
    zip(parallelFlows, pooled).map { steps, feature in
      steps([feature.to(.float32)], condition: positions(of: feature))
    }
  }

  private func positions(of map: Tensor) -> Tensor {
    .positionEncoding(
      channels: configuration.conditionChannels,
      height: map.size(2),
      width: map.size(3),
      device: device
    )
  }

  /// The additive map for localization, the multiplicative map for detection, and the mean of the latter's
  /// largest values as the image score.
  public func maps(of z: [Tensor], height: Int, width: Int) -> Maps {
    // Both maps of a scale go through the resizing as two channels, and the scales are added as they come.
    let resized = z.map { z in
      let logLikelihood = z.square().mean([1], keepingDimensions: true) * -0.5
      let relative = (logLikelihood - logLikelihood.amax([2, 3], keepingDimensions: true)).exp_()
      return Tensor.cat([relative, logLikelihood], along: 1)
        .interpolateBilinear(height: height, width: width, aligningCorners: true)
    }
    let sums = resized.dropFirst().reduce(resized[0]) { $0.add_($1) }
    func anomaly(_ likelihood: Tensor) -> Tensor {
      likelihood.amax([1, 2], keepingDimensions: true) - likelihood
    }
    let additive = anomaly(sums.select(1, 0))
    let joint = sums.select(1, 1)
    let multiplicative = anomaly((joint - joint.amax([1, 2], keepingDimensions: true)).exp_())
    let count = max(Int(Double(height * width) * configuration.topFraction), 1)
    return Maps(
      localization: additive,
      detection: multiplicative,
      imageScore: multiplicative.flatten(from: 1).topk(count).mean([1])
    )
  }
}

extension MSFlow.Configuration {
  /// Checks numbers that may come from a file before anything is built of them.
  fileprivate func check(for features: [FeatureShape]) throws {
    guard parallelBlocks.count == features.count, !features.isEmpty else {
      throw DetectorError.features(
        detector: MSFlow.name,
        problem:
          "its parallel flows are for \(parallelBlocks.count) scales (\(parallelBlocks)), but the backbone gives "
          + "\(features.count)")
    }
    guard parallelBlocks.allSatisfy((0...256).contains) else {
      throw DetectorError.number(
        detector: MSFlow.name, name: "numbers of steps", value: "\(parallelBlocks)", allowed: "from 0 to 256")
    }
    guard (4...4096).contains(conditionChannels), conditionChannels % 4 == 0 else {
      throw DetectorError.number(
        detector: MSFlow.name, name: "number of channels of the position encoding",
        value: "\(conditionChannels)",
        allowed: "a multiple of 4, from 4 to 4096")
    }
    guard clamp.isFinite, clamp > 0 else {
      throw DetectorError.number(
        detector: MSFlow.name, name: "clamp", value: "\(clamp)", allowed: "positive")
    }
    guard topFraction > 0, topFraction <= 1 else {
      throw DetectorError.number(
        detector: MSFlow.name, name: "top fraction", value: "\(topFraction)", allowed: "above 0 and at most 1"
      )
    }
    if let small = features.first(where: { $0.channels < 8 }) {
      throw DetectorError.features(
        detector: MSFlow.name, problem: "every map must have at least 8 channels, not \(small.channels)")
    }
  }
}
