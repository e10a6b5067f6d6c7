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
}

/// What is wrong with a backbone that a user asked for.
public struct BackboneError: Error, CustomStringConvertible {
  /// What is wrong and what to do.
  public let description: String

  /// An error with its text.
  public init(_ description: String) { self.description = description }
}
