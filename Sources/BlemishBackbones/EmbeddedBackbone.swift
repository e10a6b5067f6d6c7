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
  private let head: LinearMap?
  private let whiteningOfEvidence: LinearMap?

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
    head = try LinearMap(
      path / DefectSegmenter<FrozenUnit>.headsName / 0, inputs: architecture.evidence, outputs: 1)
    whiteningOfEvidence = try LinearMap(
      path / WhitenedBackbone.name / Self.evidenceName, inputs: 1, outputs: 1)
  }

  /// The name of the evidence among what is whitened.
  public static let evidenceName = "evidence"

  static func channels(_ architecture: EmbeddedArchitecture) -> [Int] {
    levels.map { _ in architecture.pyramid }
  }

  static func strides(_ architecture: EmbeddedArchitecture) -> [Int] { Array(architecture.strides[levels]) }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] { features(pyramid(images)) }

  /// Where it is known how the segmenter's answer scatters.
  public var givesEvidence: Bool { whiteningOfEvidence != nil }

  /// The feature maps, and the segmenter's answer at the finest stride, where it is known how it scatters.
  public func featuresAndEvidence(of images: Tensor) -> (features: [Tensor], evidence: Tensor?) {
    let pyramid = pyramid(images)
    return (features(pyramid), evidence(pyramid))
  }

  /// The segmenter's answer alone, where it is known how it scatters.
  func evidence(in images: Tensor) -> Tensor? { evidence(pyramid(images)) }

  /// The segmenter's logits at the finest stride, where the weights have its head.
  func logits(of images: Tensor) -> Tensor? { logits(pyramid(images)) }

  /// The maps of the top-down pathway, and behind them the segmenter's logits at the finest stride where the weights
  /// have its head.
  public func unwhitened(_ images: Tensor) -> [Tensor] {
    let pyramid = pyramid(images)
    return features(pyramid) + [logits(pyramid)].compactMap { $0 }
  }

  private func pyramid(_ images: Tensor) -> [Tensor] { network.pyramid(network.encode(images)) }

  private func features(_ pyramid: [Tensor]) -> [Tensor] { pyramid[Self.levels].map { $0.to(.float32) } }

  private func evidence(_ pyramid: [Tensor]) -> Tensor? {
    whiteningOfEvidence.flatMap { whitening in logits(pyramid).map { whitening($0) } }
  }

  private func logits(_ pyramid: [Tensor]) -> Tensor? {
    head.map { $0(network.evidence([pyramid[0]])[0].to(.float32)) }
  }
}
