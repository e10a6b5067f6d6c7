import BlemishTorch

/// A subnet (Zhou et al., arXiv 2308.15300): two 3 x 3 convolutions, between them a LayerNorm over
/// channels and a ReLU; as many hidden channels as inputs, the condition's among them.
public struct NormalizedSubnet: Subnet {
  private let first: Convolution
  private let norm: ChannelNorm
  private let second: Convolution

  /// A subnet whose parts lie at `conv1`, `ln` and `conv2` below the path.
  /// - Throws: ``ParameterError``.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int) throws {
    first = try Convolution(path / "conv1", inputs: inputs, outputs: inputs, kernel: 3)
    norm = try ChannelNorm(path / "ln", channels: inputs)
    second = try Convolution(path / "conv2", inputs: inputs, outputs: outputs, kernel: 3)
  }

  /// The parameters of the coupling, of the inputs' height and width.
  public func callAsFunction(_ x: Tensor) -> Tensor { second(norm(first(x), rectifying: true)) }
}

/// A LayerNorm over the channels of every pixel of `[batch, channels, height, width]`.
struct ChannelNorm {
  private let weight: Tensor
  private let bias: Tensor

  init(_ path: ParameterPath, channels: Int) throws {
    weight = try path.parameter("weight", [channels], .constant(1))
    bias = try path.parameter("bias", [channels], .constant(0))
  }

  /// The norm, followed by a rectifier if asked for; without copies where x is channels-last.
  func callAsFunction(_ x: Tensor, rectifying: Bool = false) -> Tensor {
    // Of two types of numbers only the processor's operator makes one.
    let type = x.isOnProcessor ? weight.elementType : x.elementType
    let y = x.permute([0, 2, 3, 1])
      .layerNorm(weight.shape, weight: weight.to(type), bias: bias.to(type))
    return (rectifying ? y.relu_() : y).permute([0, 3, 1, 2])
  }
}
