import Torch

/// The embedded network with a head that says where a picture is defective: what pretraining and adaptation
/// train. The detectors do without the head.
public struct DefectSegmenter<Unit: EmbeddedUnit> {
  /// How many input pixels a step of the answer is.
  public static var stride: Int { 4 }
  /// The name below which the head's tensors are, beside the network's.
  public static var headPrefix: String { "head." }

  /// The network below the head.
  public let network: EmbeddedNetwork<Unit>
  private let weight: Tensor
  private let bias: Tensor

  /// A segmenter with the weights at a path.
  /// - Parameter architecture: the sizes; nil for those of the weights.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, _ architecture: EmbeddedArchitecture? = nil) throws {
    let architecture = try architecture ?? EmbeddedArchitecture(of: path)
    network = try EmbeddedNetwork(path, architecture)
    let inputs = architecture.pyramid
    weight = try Unit.declare(path / "head", "weight", [1, inputs, 1, 1], .fanIn(inputs))
    bias = try Unit.declare(path / "head", "bias", [1], .fanIn(inputs))
  }

  /// Logits `[batch, 1, height / 4, width / 4]` of normalised pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    network.pyramid(network.encode(images))[0].conv2d(weight, bias: bias)
  }
}
