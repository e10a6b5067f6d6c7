import Flows
import Torch

/// MSFlow (Zhou et al.; arXiv 2308.15300): a flow for each scale's feature map, side by side, then one fusion
/// flow in which the scales see each other.
///
/// Every map is halved by an average pool first. The parallel flows know where in the picture they are by a
/// position encoding.
public struct MSFlow: Detector {
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
  /// - Parameter normalisingFeatures: of no effect: features enter as they are.
  /// - Throws: ``ParameterError``, and ``ConfigurationError`` where shapes and configuration do not fit.
  public init(
    _ path: ParameterPath,
    features: [FeatureShape],
    normalisingFeatures _: Bool = false,
    configuration: Configuration = Configuration()
  ) throws {
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

  /// Windows of 3 x 3 overlap at every second pixel.
  public static let pooling = 2

  /// The feature maps as they enter the flows: means of overlapping windows.
  public func prepared(_ features: [Tensor]) -> [Tensor] {
    features.map { $0.avgPool2d(3, stride: Self.pooling, padding: 1) }
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
  public func maps(_ z: [Tensor], height: Int, width: Int) -> Maps {
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
      throw ConfigurationError(
        "MSFlow's parallel flows are for \(parallelBlocks.count) scales (\(parallelBlocks)), but the backbone "
          + "gives \(features.count): choose a backbone with \(parallelBlocks.count) scales, such as a ResNet"
      )
    }
    guard parallelBlocks.allSatisfy((0...256).contains) else {
      throw ConfigurationError("MSFlow's parallel flows have from 0 to 256 steps, not \(parallelBlocks)")
    }
    guard (4...4096).contains(conditionChannels), conditionChannels % 4 == 0 else {
      throw ConfigurationError(
        "MSFlow's position encoding needs a multiple of 4 channels, from 4 to 4096, not \(conditionChannels)"
      )
    }
    guard clamp.isFinite, clamp > 0 else {
      throw ConfigurationError("MSFlow's clamp must be a positive number, not \(clamp)")
    }
    guard topFraction > 0, topFraction <= 1 else {
      throw ConfigurationError("MSFlow's top fraction must be between 0 and 1, not \(topFraction)")
    }
    if let small = features.first(where: { $0.channels < 8 }) {
      throw ConfigurationError("MSFlow needs at least 8 channels in every feature map, not \(small.channels)")
    }
  }
}

extension MSFlow: DetectorType {
  /// The name that commands and model files use.
  public static let name = "msflow"
  /// The published configuration, for a ResNet's three scales.
  public static let standard = Configuration()

  /// The published depths from the finest scale on: 2, 5, 8, and three more for every further scale.
  public static func standard(scales: Int) -> Configuration {
    Configuration(parallelBlocks: (0..<scales).map { 2 + 3 * $0 })
  }

  /// Pictures of 512 x 512, resized with Lanczos's filter; maps at the pictures' size.
  public static let preparation = Preparation(
    size: 512,
    filter: .lanczos,
    padding: .reflection,
    mapSide: nil
  )
  /// The side of the pictures that was published for a category of MVTec AD, where it is another.
  static func publishedSize(ofCategory category: String) -> Int? { category == "transistor" ? 256 : nil }

  /// 25 times 4 epochs; the published scheduler steps after every one of them.
  public static let schedule = TrainingSchedule(
    epochs: 100,
    batch: 8,
    learningRate: 1e-4,
    weightDecay: 0,
    course: .warmUpAndMilestones(start: 0.1, warmUp: 12, milestones: [70, 90], factor: 0.33),
    gradientNormLimit: 2
  )

  /// What a checkpoint of the published trainer says; nil where it is of another code.
  /// - Throws: ``ParameterError`` and ``ConfigurationError``.
  public static func published(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector? {
    try PublishedMSFlow.detector(in: checkpoint)
  }

  /// The checkpoint that the published code's `load_weights` reads; that code loads the backbone itself.
  /// - Throws: an error where the tensors are not an MSFlow's.
  public static func checkpoint(
    of stateDict: [String: StoredTensor],
    backbone: [PublishedBackbonePart],
    epoch: Int
  ) throws -> PyTorchFile.Value {
    try PublishedMSFlow.checkpoint(of: stateDict, epoch: epoch)
  }
}
