import Torch

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
  private let whitening: [(weight: Tensor, bias: Tensor)]

  /// The name below which weights may have a linear map for every feature map, `LEVEL.weight`
  /// `[channels, channels, 1, 1]` and `LEVEL.bias` `[channels]`.
  public static let whiteningName = "whitening"

  /// The network with the weights at a path, in whatever sizes they have.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape, ``BackboneError`` when the network
  ///   has not all the maps.
  public init(_ path: ParameterPath) throws {
    let architecture = try EmbeddedArchitecture(of: path)
    guard architecture.blocks.count >= Self.levels.count else {
      throw BackboneError(
        "The weights are of a network of \(architecture.blocks.count) stages; the embedded backbone needs "
          + "\(Self.levels.count).")
    }
    network = try EmbeddedNetwork(path, architecture)
    channels = Self.channels(architecture)
    strides = Self.strides(architecture)
    let whitening = path / Self.whiteningName
    let channels = architecture.pyramid
    self.whitening =
      (whitening / 0).weightShape("weight") == nil
      ? []
      : try Self.levels.map { level in
        (
          try (whitening / level).constant("weight", [channels, channels, 1, 1], .constant(0)),
          try (whitening / level).constant("bias", [channels], .constant(0))
        )
      }
  }

  static func channels(_ architecture: EmbeddedArchitecture) -> [Int] {
    levels.map { _ in architecture.pyramid }
  }

  static func strides(_ architecture: EmbeddedArchitecture) -> [Int] { Array(architecture.strides[levels]) }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    let maps = network.pyramid(network.encode(images))[Self.levels].map { $0.to(.float32) }
    return whitening.isEmpty ? maps : zip(maps, whitening).map { $0.conv2d($1.weight, bias: $1.bias) }
  }
}
