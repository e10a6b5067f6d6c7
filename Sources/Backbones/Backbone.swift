import Torch

/// A frozen network that turns pictures into feature maps of several scales.
public protocol Backbone {
  /// The channels of each feature map, finest scale first.
  var channels: [Int] { get }
  /// How many input pixels a feature's step is, finest scale first.
  var strides: [Int] { get }
  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  func callAsFunction(_ images: Tensor) -> [Tensor]
  /// The feature maps, and the evidence of a backbone that was itself trained to find defects
  /// `[batch, 1, height, width]`: larger where it is surer of one, of mean 0 and variance 1 on good pictures.
  func see(_ images: Tensor) -> (features: [Tensor], evidence: Tensor?)
  /// Whether ``see(_:)`` gives evidence.
  var givesEvidence: Bool { get }
}

extension Backbone {
  /// Most backbones know nothing of defects.
  public var givesEvidence: Bool { false }
  /// The feature maps alone.
  public func see(_ images: Tensor) -> (features: [Tensor], evidence: Tensor?) { (self(images), nil) }
}

/// What is wrong with a backbone that a user asked for.
public struct BackboneError: Error, CustomStringConvertible {
  /// What is wrong and what to do.
  public let description: String

  /// An error with its text.
  public init(_ description: String) { self.description = description }
}
