import BlemishTorch

/// The feature maps of one backbone, and the evidence of the embedded one beside them: what the first sees was learnt
/// from real pictures, and what the second looks for are defects.
public struct JoinedBackbone: Backbone {
  private let seeing: any Backbone
  private let finding: EmbeddedBackbone

  /// The name below which a backbone's weights may have those of the embedded one.
  public static let name = "segmenter"

  /// Both of them; nil where the weights at a path have no embedded backbone below ``name``.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  init?(_ seeing: any Backbone, _ path: ParameterPath) throws {
    let place = path / Self.name
    guard (place / "stem").weightShape("weight") != nil else { return nil }
    self.seeing = seeing
    finding = try EmbeddedBackbone(place)
  }

  /// The channels of each feature map.
  public var channels: [Int] { seeing.channels }
  /// Their steps in input pixels.
  public var strides: [Int] { seeing.strides }
  /// Where it is known how the embedded backbone's answer scatters.
  public var givesEvidence: Bool { finding.givesEvidence }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] { seeing(images) }

  /// The feature maps, and the embedded backbone's evidence.
  public func featuresAndEvidence(of images: Tensor) -> (features: [Tensor], evidence: Tensor?) {
    (seeing(images), finding.evidence(in: images))
  }

  /// The feature maps, and behind them the embedded backbone's logits.
  public func unwhitened(_ images: Tensor) -> [Tensor] {
    seeing.unwhitened(images) + [finding.logits(of: images)].compactMap { $0 }
  }
}
