import BlemishTorch

/// A 1 x 1 convolution with constant weights.
struct LinearMap: Sendable {
  private let weight: Tensor
  private let bias: Tensor

  /// The map whose `weight` `[outputs, inputs, 1, 1]` and `bias` `[outputs]` lie at a path; nil where there is none.
  /// - Throws: ``ParameterError`` when one of the two is missing or has another shape.
  init?(_ path: ParameterPath, inputs: Int, outputs: Int) throws {
    guard path.weightShape("weight") != nil else { return nil }
    weight = try path.constant("weight", [outputs, inputs, 1, 1], .constant(0))
    bias = try path.constant("bias", [outputs], .constant(0))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x.conv2d(weight, bias: bias) }
}

/// A backbone with a linear map behind every feature map, which makes features independent, of mean 0 and variance 1,
/// on the good pictures that it was learnt from.
public struct WhitenedBackbone: Backbone {
  /// The backbone before the maps.
  public let original: any Backbone
  private let maps: [LinearMap]

  /// The name below which weights may have a linear map for every feature map, `LEVEL.weight`
  /// `[channels, channels, 1, 1]` and `LEVEL.bias` `[channels]`, finest first, and one for the answer of a backbone that
  /// finds defects itself, `evidence.weight` `[1, 1, 1, 1]` and `evidence.bias` `[1]`.
  public static let name = "whitening"

  /// A backbone with the maps that lie at a path, below ``name``; nil where there are none.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape, ``BackboneError`` when not all feature
  ///   maps have one.
  init?(_ original: any Backbone, _ path: ParameterPath) throws {
    let channels = original.channels
    maps = try channels.indices.compactMap {
      try LinearMap(path / Self.name / $0, inputs: channels[$0], outputs: channels[$0])
    }
    guard !maps.isEmpty else { return nil }
    guard maps.count == channels.count else {
      throw BackboneError.incompleteWhitening(maps: maps.count, needed: channels.count)
    }
    self.original = original
  }

  /// The channels of each feature map.
  public var channels: [Int] { original.channels }
  /// Their steps in input pixels.
  public var strides: [Int] { original.strides }
  /// Whether the backbone before the maps does.
  public var givesEvidence: Bool { original.givesEvidence }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] { whitened(original(images)) }

  /// The feature maps, and the evidence as it comes.
  public func featuresAndEvidence(of images: Tensor) -> (features: [Tensor], evidence: Tensor?) {
    let seen = original.featuresAndEvidence(of: images)
    return (whitened(seen.features), seen.evidence)
  }

  /// What the maps are learnt from.
  public func unwhitened(_ images: Tensor) -> [Tensor] { original.unwhitened(images) }

  private func whitened(_ features: [Tensor]) -> [Tensor] { zip(maps, features).map { $0($1) } }
}
