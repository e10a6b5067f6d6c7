import BlemishTorch

/// The backbone that ships with the program: a small residual network that has learnt to find planted defects in
/// generated pictures, and is tuned on the user's good pictures before a detector is trained.
public struct EmbeddedBackbone: Backbone {
  /// The levels of the top-down pathway that detectors see, finest first.
  public static let levels = 0..<3

  /// The channels of each feature map.
  public let channels: [Int]
  /// Their steps in input pixels.
  public let strides: [Int]
  private let network: EmbeddedNetwork<FrozenUnit>
  private let head: Linear?
  private let whitening: [Linear]
  private let whiteningOfEvidence: Linear?

  private typealias Linear = (weight: Tensor, bias: Tensor)

  /// The name below which weights may have a linear map for every feature map, `LEVEL.weight`
  /// `[channels, channels, 1, 1]` and `LEVEL.bias` `[channels]`, and one for the segmenter's answer, `evidence.weight`
  /// `[1, 1, 1, 1]` and `evidence.bias` `[1]`.
  public static let whiteningName = "whitening"
  /// Their names, in the order of ``unwhitened(_:)``.
  public static var whiteningLevels: [String] { levels.map(String.init) + ["evidence"] }

  /// The network with the weights at a path, in whatever sizes they have.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape, ``BackboneError`` when the network
  ///   has not all the maps.
  public init(_ path: ParameterPath) throws {
    let architecture = try EmbeddedArchitecture(of: path)
    guard architecture.blocks.count >= Self.levels.count else {
      throw BackboneError.stages(
        found: architecture.blocks.count, allowed: EmbeddedArchitecture.stageCounts)
    }
    network = try EmbeddedNetwork(path, architecture)
    channels = Self.channels(architecture)
    strides = Self.strides(architecture)
    func linear(_ place: ParameterPath, _ outputs: Int, _ inputs: Int) throws -> Linear? {
      guard place.weightShape("weight") != nil else { return nil }
      return (
        try place.constant("weight", [outputs, inputs, 1, 1], .constant(0)),
        try place.constant("bias", [outputs], .constant(0))
      )
    }
    head = try linear(path / DefectSegmenter<FrozenUnit>.headsName / 0, 1, architecture.evidence)
    let whitening = path / Self.whiteningName
    let channels = architecture.pyramid
    self.whitening = try Self.levels.compactMap { try linear(whitening / $0, channels, channels) }
    guard self.whitening.isEmpty || self.whitening.count == Self.levels.count else {
      throw BackboneError.incompleteWhitening(maps: self.whitening.count, needed: Self.levels.count)
    }
    whiteningOfEvidence = try linear(whitening / "evidence", 1, 1)
  }

  static func channels(_ architecture: EmbeddedArchitecture) -> [Int] {
    levels.map { _ in architecture.pyramid }
  }

  static func strides(_ architecture: EmbeddedArchitecture) -> [Int] { Array(architecture.strides[levels]) }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] { whitened(pyramid(images)) }

  /// Where it is known how the segmenter's answer scatters.
  public var givesEvidence: Bool { whiteningOfEvidence != nil }

  /// The feature maps, and the segmenter's answer at the finest stride, where it is known how it scatters.
  public func featuresAndEvidence(of images: Tensor) -> (features: [Tensor], evidence: Tensor?) {
    let pyramid = pyramid(images)
    let evidence = whiteningOfEvidence.flatMap { linear in
      logits(pyramid)?.conv2d(linear.weight, bias: linear.bias)
    }
    return (whitened(pyramid), evidence)
  }

  /// The maps of the top-down pathway, and behind them the segmenter's logits at the finest stride where the weights
  /// have its head: as they are, before any whitening.
  public func unwhitened(_ images: Tensor) -> [Tensor] {
    let pyramid = pyramid(images)
    return features(pyramid) + [logits(pyramid)].compactMap { $0 }
  }

  private func pyramid(_ images: Tensor) -> [Tensor] { network.pyramid(network.encode(images)) }

  private func features(_ pyramid: [Tensor]) -> [Tensor] { pyramid[Self.levels].map { $0.to(.float32) } }

  private func whitened(_ pyramid: [Tensor]) -> [Tensor] {
    let maps = features(pyramid)
    return whitening.isEmpty ? maps : zip(maps, whitening).map { $0.conv2d($1.weight, bias: $1.bias) }
  }

  private func logits(_ pyramid: [Tensor]) -> Tensor? {
    head.map { network.evidence([pyramid[0]])[0].to(.float32).conv2d($0.weight, bias: $0.bias) }
  }
}
