import Torch

/// What an invertible function gives: its value, and the logarithm of the determinant of its Jacobian.
public struct Transformed {
  /// The value `[batch, channels, height, width]`.
  public var value: Tensor
  /// log|det J| of every picture, `[batch]`.
  public var logDeterminant: Tensor

  /// A value with its log-determinant.
  public init(value: Tensor, logDeterminant: Tensor) {
    self.value = value
    self.logDeterminant = logDeterminant
  }
}

/// The function inside a coupling: any network from `[batch, inputs, height, width]` to twice the transformed
/// channels.
public protocol Subnet {
  /// The parameters of the coupling.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// One step of a flow: an affine coupling, a global scale and offset per channel, a fixed permutation
/// (Real NVP, arXiv 1605.08803; Glow, arXiv 1807.03039).
///
/// The channels are split into x1, the first `C - C / 2`, and x2. A subnet maps x1 (and the condition) to s and
/// t; x2 becomes `x2 * exp(s) + t`.
public struct FlowStep<Network: Subnet> {
  private let subnet: Network
  private let clamp: Double
  private let globalScale: Tensor
  private let globalOffset: Tensor
  private let permutation: ChannelPermutation
  private let kept: Int
  private let changed: Int

  /// A step on `channels` channels; the subnet is built for the given numbers of inputs and outputs.
  /// - Parameter clamp: the largest absolute value of s.
  /// - Throws: what the subnet throws, and ``ParameterError``.
  public init(
    _ path: ParameterPath, channels: Int, conditions: Int = 0, clamp: Double,
    subnet: (_ inputs: Int, _ outputs: Int) throws -> Network
  ) throws {
    changed = channels / 2
    kept = channels - changed
    self.clamp = clamp
    self.subnet = try subnet(kept + conditions, 2 * changed)
    globalScale = try path.parameter("global_scale", [1, channels, 1, 1], .constant(Self.neutralScale))
    globalOffset = try path.parameter("global_offset", [1, channels, 1, 1], .constant(0))
    permutation = try ChannelPermutation(path, channels: channels)
  }

  /// The value at which ``scale`` is one: `2 ln(exp(5) - 1)`.
  private static var neutralScale: Double { 9.98651730 }

  private var scale: Tensor { globalScale.softplus(beta: 0.5) * 0.1 }

  /// The step, on `[batch, channels, height, width]`.
  public func callAsFunction(_ x: Tensor, condition: Tensor? = nil) -> Transformed {
    let parts = x.split([kept, changed], along: 1)
    let (s, t) = coupling(parts[0], condition)
    let scale = scale
    let coupled = Tensor.cat([parts[0], t.addcmul(parts[1], s.exp())], along: 1)
    let pixels = Double(x.size(2) * x.size(3))
    return Transformed(
      value: permutation(globalOffset.addcmul(coupled, scale)),
      logDeterminant: s.sum([1, 2, 3]) + scale.log().sum() * pixels)
  }

  /// The step backwards; the log-determinant is that of the inverse.
  public func inverse(_ y: Tensor, condition: Tensor? = nil) -> Transformed {
    let scale = scale
    let x = (permutation.inverse(y) - globalOffset) / scale
    let parts = x.split([kept, changed], along: 1)
    let (s, t) = coupling(parts[0], condition)
    let pixels = Double(x.size(2) * x.size(3))
    return Transformed(
      value: .cat([parts[0], (parts[1] - t) * (-s).exp()], along: 1),
      logDeterminant: -(s.sum([1, 2, 3]) + scale.log().sum() * pixels))
  }

  private func coupling(_ x: Tensor, _ condition: Tensor?) -> (s: Tensor, t: Tensor) {
    let input = condition.map { Tensor.cat([x, $0.expand([x.size(0), -1, -1, -1])], along: 1) } ?? x
    let a = (subnet(input) * 0.1).split([changed, changed], along: 1)
    return (a[0].tanh() * clamp, a[1])
  }
}

/// U-Flow's subnet: two convolutions with a ReLU between them, as many hidden channels as inputs.
public struct ConvolutionSubnet: Subnet {
  private let first: Convolution
  private let second: Convolution

  /// A subnet whose convolutions lie at `0` and `2` below the path.
  /// - Throws: ``ParameterError``.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int) throws {
    first = try Convolution(path / 0, inputs: inputs, outputs: inputs, kernel: kernel)
    second = try Convolution(path / 2, inputs: inputs, outputs: outputs, kernel: kernel)
  }

  /// s and t, `[batch, outputs, height, width]`, of `[batch, inputs, height, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).relu()) }
}

/// A convolution whose output has the size of its input.
public struct Convolution {
  private let weight: Tensor
  private let bias: Tensor
  private let padding: Int

  /// A convolution at a path, initialised evenly within one over the root of the number of inputs.
  /// - Throws: ``ParameterError``.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int) throws {
    let initial = Initializer.fanIn(inputs * kernel * kernel)
    weight = try path.parameter("weight", [outputs, inputs, kernel, kernel], initial)
    bias = try path.parameter("bias", [outputs], initial)
    padding = kernel / 2
  }

  /// The convolution of `[batch, inputs, height, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.conv2d(weight, bias: bias, padding: padding) }
}
