import Torch

/// How a convolution continues the picture beyond its borders.
public enum Padding: String, Sendable {
  /// By zeros.
  case zeros
  /// By its mirror image, as MSFlow's backbones do.
  case reflection
}

/// A convolution with the batch norm behind it folded into its weight and bias.
struct FoldedConvolution {
  let weight: Tensor
  let bias: Tensor
  let stride: Int
  let groups: Int
  let zeros: Int
  let mirrored: Int

  init(
    _ path: ParameterPath, norm: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1,
    groups: Int = 1, padding: Padding
  ) throws {
    let raw = try path.constant(
      "weight", [outputs, inputs / groups, kernel, kernel],
      .normal(standardDeviation: (2 / Double(inputs / groups * kernel * kernel)).squareRoot()))
    let gamma = try norm.constant("weight", [outputs], .constant(1)).to(.float64)
    let beta = try norm.constant("bias", [outputs], .constant(0)).to(.float64)
    let mean = try norm.constant("running_mean", [outputs], .constant(0)).to(.float64)
    let variance = try norm.constant("running_var", [outputs], .constant(1)).to(.float64)
    let factor = gamma * (variance + 1e-5).rsqrt()
    weight = (raw.to(.float64) * factor.reshape([-1, 1, 1, 1])).to(.float32).channelsLast()
    bias = (beta - mean * factor).to(.float32)
    self.stride = stride
    self.groups = groups
    zeros = padding == .zeros ? kernel / 2 : 0
    mirrored = padding == .reflection ? kernel / 2 : 0
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    (mirrored > 0 ? x.reflectionPad2d(mirrored) : x)
      .conv2d(weight, bias: bias, stride: stride, padding: zeros, groups: groups)
  }
}
