import CTorch

/// Convolutions of 1 x 1 with stride one, and their derivatives, as what they are: products of a matrix with a row for
/// every pixel, which channels-last pictures are. What comes before a product takes oneDNN half the time of what comes
/// before a convolution, which with few channels is more than the arithmetic. On the processor.
struct PixelProduct {
  private let weight: Tensor
  private var outputs: Int { weight.size(0) }
  private var inputs: Int { weight.size(1) }
  /// The weight `[outputs, inputs]`.
  private var matrix: Tensor { weight.reshape([outputs, inputs]) }

  /// How to convolve x by a weight `[outputs, inputs, 1, 1]`; nil where it cannot be done so.
  init?(_ x: Tensor, weight: Tensor, stride: Int = 1, padding: Int, groups: Int = 1) {
    let shape = weight.shape
    guard Self.isAvailable, stride == 1, padding == 0, groups == 1, shape.count == 4, shape[2...] == [1, 1],
      x.takesFusedOperators, weight.elementType == x.elementType
    else { return nil }
    self.weight = weight
  }

  /// Whether this libtorch has oneDNN's products by a weight in an order of its own.
  static let isAvailable =
    ct_has_operator("mkldnn::_linear_pointwise") && ct_has_operator("mkldnn::_reorder_linear_weight")

  /// The weight in the order that suits products with as many pixels as x has.
  func reordered(for x: Tensor) -> Tensor {
    call("mkldnn::_reorder_linear_weight", matrix, x.count / max(x.size(1), 1))
  }

  /// The convolution of `[batch, inputs, height, width]`.
  /// - Parameters:
  ///   - reordered: the weight as ``reordered(for:)`` gives it; nil for the plain one.
  ///   - rectifying: whether negative results become zero, and those above the ceiling the ceiling.
  func callAsFunction(
    _ x: Tensor, by reordered: Tensor? = nil, bias: Tensor?, rectifying: Bool, ceiling: Double? = nil
  ) -> Tensor {
    product(x, reordered ?? matrix, bias: bias, Rectifier(rectifying, ceiling: ceiling))
  }

  /// The gradient of the input from that of the result.
  func inputGradient(_ gradient: Tensor) -> Tensor {
    guard gradient.elementType == .bfloat16 else {
      return product(gradient, matrix.transpose(0, 1), bias: nil, Rectifier(false))
    }
    return rows(gradient).matmul(matrix).permute([0, 3, 1, 2])
  }

  /// The gradients of weight and bias; nil in single precision, whose plain products are MKL's, at a third of oneDNN's
  /// speed on processors that are not Intel's.
  func weightGradient(_ x: Tensor, _ gradient: Tensor) -> (weight: Tensor, bias: Tensor)? {
    guard gradient.elementType == .bfloat16 else { return nil }
    let ofResults = rows(gradient).reshape([-1, outputs])
    let ofMatrix = ofResults.transpose(0, 1).matmul(rows(x).reshape([-1, inputs]))
    return (ofMatrix.reshape([outputs, inputs, 1, 1]), ofResults.sum([0]))
  }

  private func product(_ x: Tensor, _ matrix: Tensor, bias: Tensor?, _ rectifier: Rectifier) -> Tensor {
    let result = call(
      "mkldnn::_linear_pointwise", rows(x), matrix, bias, rectifier.name ?? "none", rectifier.numbers, "none")
    OperationCount.add(results: result.count, length: x.size(1))
    return result.permute([0, 3, 1, 2])
  }

  private func rows(_ x: Tensor) -> Tensor { x.channelsLast().permute([0, 2, 3, 1]) }
}
