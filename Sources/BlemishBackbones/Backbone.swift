import BlemishTorch

/// A frozen network that turns pictures into feature maps of several scales.
///
/// It does not change once it is built. Any number of threads may call one backbone at the same time, and each gets
/// the same bits as if it were alone.
public protocol Backbone: Sendable {
  /// The channels of each feature map, finest scale first.
  var channels: [Int] { get }
  /// How many input pixels a feature's step is, finest scale first.
  var strides: [Int] { get }
  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  func callAsFunction(_ images: Tensor) -> [Tensor]
  /// The feature maps, and the evidence of a backbone that was itself trained to find defects
  /// `[batch, 1, height, width]`: larger where it is surer of one, of mean 0 and variance 1 on good pictures.
  func featuresAndEvidence(of images: Tensor) -> (features: [Tensor], evidence: Tensor?)
  /// Whether ``featuresAndEvidence(of:)`` gives evidence.
  var givesEvidence: Bool { get }
  /// The feature maps as they are before any whitening, and behind them the raw answer of a backbone that finds defects
  /// itself: what whitening is learnt from.
  func unwhitened(_ images: Tensor) -> [Tensor]
}

extension Backbone {
  /// False: most backbones were not trained to find defects.
  public var givesEvidence: Bool { false }
  /// The feature maps, without evidence.
  public func featuresAndEvidence(of images: Tensor) -> (features: [Tensor], evidence: Tensor?) {
    (self(images), nil)
  }
  /// The feature maps.
  public func unwhitened(_ images: Tensor) -> [Tensor] { self(images) }
}
