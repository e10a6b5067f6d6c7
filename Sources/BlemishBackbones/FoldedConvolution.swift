import BlemishTorch

/// How a convolution continues the picture beyond its borders.
public enum Padding: String, Sendable, Codable, CaseIterable {
  /// By zeros.
  case zeros
  /// By its mirror image.
  case reflection
}

/// A convolution with the batch norm behind it folded into its weight and bias, which are of the product type.
struct FoldedConvolution {
  private let convolution: FusedConvolution
  private let mirrored: Int

  init(
    _ path: ParameterPath, norm: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1,
    groups: Int = 1, padding: Padding
  ) throws {
    convolution = try Self.folded(
      path, norm: norm, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, groups: groups,
      padding: padding == .zeros ? kernel / 2 : 0)
    mirrored = padding == .reflection ? kernel / 2 : 0
  }

  func callAsFunction(_ x: Tensor, rectifying: Bool = false, adding: Tensor? = nil) -> Tensor {
    convolution(mirrored > 0 ? x.reflectionPad2d(mirrored) : x, rectifying: rectifying, adding: adding)
  }

  /// A convolution with as many zeros around as `padding` says.
  /// - Parameters:
  ///   - epsilon: what the norm adds to the variance.
  ///   - ceiling: the largest value that the rectifier lets through; nil for no limit.
  static func folded(
    _ path: ParameterPath, norm: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int,
    groups: Int, padding: Int, epsilon: Double = 1e-5, ceiling: Double? = nil
  ) throws -> FusedConvolution {
    let raw = try path.constant(
      "weight", [outputs, inputs / groups, kernel, kernel],
      .normal(standardDeviation: (2 / Double(inputs / groups * kernel * kernel)).squareRoot()))
    let gamma = try norm.constant("weight", [outputs], .constant(1)).to(.float64)
    let beta = try norm.constant("bias", [outputs], .constant(0)).to(.float64)
    let mean = try norm.constant("running_mean", [outputs], .constant(0)).to(.float64)
    let variance = try norm.constant("running_var", [outputs], .constant(1)).to(.float64)
    let factor = gamma * (variance + epsilon).rsqrt()
    return FusedConvolution(
      weight: (raw.to(.float64) * factor.reshape([-1, 1, 1, 1])).to(path.productType),
      bias: (beta - mean * factor).to(path.productType), stride: stride,
      padding: padding, groups: groups, ceiling: ceiling)
  }
}
