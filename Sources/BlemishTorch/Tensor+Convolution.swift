import CTorch

/// Convolutions as the processor does them best. Each falls back to the plain operator where libtorch was built
/// without oneDNN, and on other devices.
extension Tensor {
  private static let hasFusedConvolution = ct_has_operator("mkldnn::_convolution_pointwise")

  /// Whether oneDNN's operators take this tensor.
  var takesFusedOperators: Bool {
    Self.hasFusedConvolution && ct_on_cpu(pointer) && [.float32, .bfloat16].contains(elementType)
  }

  /// A convolution with zeros around, and with a rectifier and an addition in the same pass. Not differentiable.
  /// - Parameters:
  ///   - adding: added before the rectifier; its memory, which must not be this one's, may take the result.
  public func fusedConv2d(
    _ weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0, groups: Int = 1,
    rectifying: Bool = false, adding: Tensor? = nil
  ) -> Tensor {
    if let winograd = Winograd(
      self, weight: weight, stride: stride, padding: padding, groups: groups, for: .changingWeight)
    {
      return winograd(
        self, filters: winograd.filters(weight), outputs: weight.size(0), bias: bias, rectifying: rectifying,
        adding: adding)
    }
    if adding == nil,
      let product = PixelProduct(self, weight: weight, stride: stride, padding: padding, groups: groups)
    {
      return product(self, bias: bias, rectifying: rectifying)
    }
    return directConv2d(
      weight, bias: bias, stride: stride, padding: padding, groups: groups, rectifying: rectifying,
      adding: adding)
  }

  /// The same by the sum of all products, with a ceiling for what the rectifier lets through; the weight may be in an order of oneDNN's. ``conv2d(_:bias:stride:padding:groups:)`` chooses another kernel for
  /// small pictures where operators have one thread; this one gives the same bits whatever the number of threads.
  package func directConv2d(
    _ weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int = 0, groups: Int = 1,
    rectifying: Bool = false, ceiling: Double? = nil, adding: Tensor? = nil
  ) -> Tensor {
    guard takesFusedOperators else {
      let y = conv2d(weight, bias: bias, stride: stride, padding: padding, groups: groups)
      if let adding { y.add_(adding) }
      guard rectifying else { return y }
      return ceiling.map { y.clamp(0, $0) } ?? y.relu_()
    }
    let rectifier = Rectifier(rectifying, ceiling: ceiling)
    let result: Tensor
    if let adding {
      result = call(
        "mkldnn::_convolution_pointwise_.binary", adding, self, weight, bias, [padding, padding],
        [stride, stride], [1, 1], groups, "add", 1.0, rectifier.name, rectifier.numbers, nil)
    } else {
      result = call(
        "mkldnn::_convolution_pointwise", self, weight, bias, [padding, padding], [stride, stride], [1, 1],
        groups, rectifier.name ?? "none", rectifier.numbers, nil)
    }
    OperationCount.add(output: result, weight: weight)
    return result
  }

  /// The gradient of a convolution's input from that of its output, which this is; stride one, as much padding as
  /// keeps the size.
  public func conv2dInputGradient(input: Tensor, weight: Tensor, padding: Int) -> Tensor {
    if let product = PixelProduct(self, weight: weight, padding: padding) {
      return product.inputGradient(self)
    }
    if let winograd = Winograd(self, weight: weight, padding: 2 - padding, for: .inputGradient) {
      return winograd(
        self, filters: winograd.filters(weight, turned: true), outputs: weight.size(1), bias: nil)
    }
    return convolutionBackward(input: input, weight: weight, padding: padding, [true, false, false])[0]
  }

  /// The gradients of a convolution's weight and bias from that of its output, which this is; stride one.
  public func conv2dWeightGradient(input: Tensor, weight: Tensor, padding: Int) -> (
    weight: Tensor, bias: Tensor
  ) {
    if let winograd = Winograd(input, weight: weight, padding: padding, for: .weightGradient) {
      return (winograd.weightGradient(input, self), sum([0, 2, 3]))
    }
    if let gradients = PixelProduct(self, weight: weight, padding: padding)?.weightGradient(input, self) {
      return gradients
    }
    // oneDNN's kernel for this one product is fastest row-major in single precision, even with the copies.
    let rowMajor = padding > 0 && takesFusedOperators && elementType == .float32
    let found = (rowMajor ? contiguous() : self).convolutionBackward(
      input: rowMajor ? input.contiguous() : input, weight: weight, padding: padding, [false, true, true])
    return (found[1], found[2])
  }

  private func convolutionBackward(input: Tensor, weight: Tensor, padding: Int, _ wanted: [Bool]) -> [Tensor]
  {
    for _ in 0..<wanted.prefix(2).count(where: { $0 }) { OperationCount.add(output: self, weight: weight) }
    return callMany(
      "aten::convolution_backward",
      [
        self, input, weight, [weight.size(0)], [1, 1], [padding, padding], [1, 1], false, [0, 0], 1, wanted,
      ], capacity: 3)
  }
}

/// What oneDNN does to a result in the same pass.
struct Rectifier {
  /// Its name; nil for nothing.
  let name: String?
  /// The least and the largest value, where there is a largest.
  let numbers: [Double]

  init(_ rectifying: Bool, ceiling: Double? = nil) {
    name = rectifying ? ceiling == nil ? "relu" : "hardtanh" : nil
    numbers = rectifying ? ceiling.map { [0, $0] } ?? [] : []
  }
}
