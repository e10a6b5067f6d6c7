import BlemishTorch

/// A convolution with a batch norm behind it, of which the embedded network is made.
public protocol EmbeddedUnit {
  /// A unit with the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int) throws
  /// The normalised maps `[batch, outputs, height / stride, width / stride]`.
  /// - Parameters:
  ///   - rectifying: whether negative results become zero.
  ///   - adding: added before the rectifier; its memory, which must not be x's, may take the result.
  func callAsFunction(_ x: Tensor, rectifying: Bool, adding: Tensor?) -> Tensor
  /// Declares a tensor of the network outside the units, trainable where the units are.
  /// - Throws: ``ParameterError`` when the weights do not have it in this shape.
  static func declare(
    _ path: ParameterPath, _ name: String, _ shape: [Int], _ initializer: Initializer
  ) throws -> Tensor
}

extension EmbeddedUnit {
  /// The normalised maps `[batch, outputs, height / stride, width / stride]`.
  /// - Parameter rectifying: whether negative results become zero.
  public func callAsFunction(_ x: Tensor, rectifying: Bool = false) -> Tensor {
    callAsFunction(x, rectifying: rectifying, adding: nil)
  }
}

/// A unit in training: the norm is that of the batch, and the running one follows it. A call changes the running norm,
/// so that one thread at a time may use it.
public struct TrainedUnit: EmbeddedUnit {
  private let weight: Tensor
  private let gamma: Tensor
  private let beta: Tensor
  private let mean: Tensor
  private let variance: Tensor
  private let stride: Int
  private let padding: Int

  /// A unit with the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int) throws {
    weight = try path.parameter(
      "weight", [outputs, inputs, kernel, kernel], .fanIn(inputs * kernel * kernel))
    let norm = path / "norm"
    gamma = try norm.parameter("weight", [outputs], .constant(1))
    beta = try norm.parameter("bias", [outputs], .constant(0))
    mean = try norm.constant("running_mean", [outputs], .constant(0))
    variance = try norm.constant("running_var", [outputs], .constant(1))
    self.stride = stride
    padding = kernel / 2
  }

  /// The normalised maps `[batch, outputs, height / stride, width / stride]`, with what is added to them.
  public func callAsFunction(_ x: Tensor, rectifying: Bool, adding: Tensor?) -> Tensor {
    // The derivative of a 1 x 1 convolution of less than 16 channels with a stride writes beyond its memory in
    // oneDNN (libtorch 2.13): the places that it skips are left out before.
    let skips = padding == 0 && stride > 1 && weight.size(1) < 16
    let x = skips ? x.every(stride, along: 2).every(stride, along: 3) : x
    let y = x.conv2d(weight.to(x.elementType), stride: skips ? 1 : stride, padding: padding)
      .batchNorm(weight: gamma, bias: beta, runningMean: mean, runningVariance: variance)
    if let adding { y.add_(adding) }
    return rectifying ? y.relu_() : y
  }

  /// Declares a tensor of the network outside the units.
  /// - Throws: ``ParameterError`` when the weights do not have it in this shape.
  public static func declare(
    _ path: ParameterPath, _ name: String, _ shape: [Int], _ initializer: Initializer
  ) throws -> Tensor {
    try path.parameter(name, shape, initializer)
  }
}

/// A unit that is done learning: the running norm is folded into the convolution.
public struct FrozenUnit: EmbeddedUnit, Sendable {
  private let convolution: FoldedConvolution

  /// A unit with the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int) throws {
    convolution = try FoldedConvolution(
      path, norm: path / "norm", inputs: inputs, outputs: outputs, kernel: kernel, stride: stride,
      padding: .zeros)
  }

  /// The normalised maps `[batch, outputs, height / stride, width / stride]`, in one pass with what is added
  /// to them, whose memory they take.
  public func callAsFunction(_ x: Tensor, rectifying: Bool, adding: Tensor?) -> Tensor {
    convolution(x, rectifying: rectifying, adding: adding)
  }

  /// Declares a tensor of the network outside the units.
  /// - Throws: ``ParameterError`` when the weights do not have it in this shape.
  public static func declare(
    _ path: ParameterPath, _ name: String, _ shape: [Int], _ initializer: Initializer
  ) throws -> Tensor {
    try path.constant(name, shape, initializer)
  }
}
