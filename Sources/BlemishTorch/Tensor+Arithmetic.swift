extension Tensor {
  /// The elementwise sum, with broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor { call("aten::add.Tensor", left, right) }
  /// Adds a number to every element.
  public static func + (left: Tensor, right: Double) -> Tensor { call("aten::add.Scalar", left, right) }
  /// The elementwise difference, with broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor { call("aten::sub.Tensor", left, right) }
  /// Subtracts a number from every element.
  public static func - (left: Tensor, right: Double) -> Tensor { call("aten::sub.Scalar", left, right) }
  /// Subtracts every element from a number.
  public static func - (left: Double, right: Tensor) -> Tensor { call("aten::rsub.Scalar", right, left) }
  /// The elementwise product, with broadcasting.
  public static func * (left: Tensor, right: Tensor) -> Tensor { call("aten::mul.Tensor", left, right) }
  /// Multiplies every element by a number.
  public static func * (left: Tensor, right: Double) -> Tensor { call("aten::mul.Scalar", left, right) }
  /// Multiplies every element by a number.
  public static func * (left: Double, right: Tensor) -> Tensor { right * left }
  /// The elementwise quotient, with broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor { call("aten::div.Tensor", left, right) }
  /// Divides every element by a number.
  public static func / (left: Tensor, right: Double) -> Tensor { call("aten::div.Scalar", left, right) }
  /// Every element with the other sign.
  public static prefix func - (operand: Tensor) -> Tensor { call("aten::neg", operand) }

  /// Adds to this tensor's own memory.
  @discardableResult
  public func add_(_ other: Tensor, alpha: Double = 1) -> Tensor {
    call("aten::add_.Tensor", self, other, alpha)
  }
  /// Multiplies this tensor's own memory.
  @discardableResult
  public func mul_(_ factor: Tensor) -> Tensor { call("aten::mul_.Tensor", self, factor) }
  /// Multiplies this tensor's own memory by a number.
  @discardableResult
  public func mul_(_ factor: Double) -> Tensor { call("aten::mul_.Scalar", self, factor) }
  /// Overwrites this tensor's own memory.
  @discardableResult
  public func copy_(_ source: Tensor) -> Tensor { call("aten::copy_", self, source) }
  /// Adds a number to this tensor's own memory.
  @discardableResult
  public func add_(_ number: Double) -> Tensor { call("aten::add_.Scalar", self, number) }
  /// e to the power of every element, in this tensor's own memory.
  @discardableResult
  public func exp_() -> Tensor { call("aten::exp_", self) }
  /// Replaces negative elements of this tensor's own memory by zero.
  @discardableResult
  public func relu_() -> Tensor { call("aten::relu_", self) }

  /// `self + left * right`, elementwise.
  public func addcmul(_ left: Tensor, _ right: Tensor) -> Tensor { call("aten::addcmul", self, left, right) }

  /// e to the power of every element.
  public func exp() -> Tensor { call("aten::exp", self) }
  /// The natural logarithm of every element.
  public func log() -> Tensor { call("aten::log", self) }
  /// The hyperbolic tangent of every element.
  public func tanh() -> Tensor { call("aten::tanh", self) }
  /// The arc tangent of every element.
  public func atan() -> Tensor { call("aten::atan", self) }
  /// The sine of every element.
  public func sin() -> Tensor { call("aten::sin", self) }
  /// The cosine of every element.
  public func cos() -> Tensor { call("aten::cos", self) }
  /// The square of every element.
  public func square() -> Tensor { call("aten::square", self) }
  /// The square root of every element.
  public func sqrt() -> Tensor { call("aten::sqrt", self) }
  /// One over the square root of every element.
  public func rsqrt() -> Tensor { call("aten::rsqrt", self) }
  /// Every element limited to a range.
  public func clamp(_ low: Double, _ high: Double) -> Tensor { call("aten::clamp", self, low, high) }
  /// Negative elements replaced by zero.
  public func relu() -> Tensor { call("aten::relu", self) }
  /// The logistic function of every element, `1 / (1 + exp(-x))`.
  public func sigmoid() -> Tensor { call("aten::sigmoid", self) }
  /// The exact Gaussian error linear unit.
  public func gelu() -> Tensor { call("aten::gelu", self) }
  /// `ln(1 + exp(beta * x)) / beta`.
  public func softplus(beta: Double = 1) -> Tensor { call("aten::softplus", self, beta) }
  /// The normalised exponential along one dimension.
  public func softmax(_ dimension: Int) -> Tensor { call("aten::softmax.int", self, dimension) }
  /// The matrix product; leading dimensions are batches.
  public func matmul(_ other: Tensor) -> Tensor {
    let product = call("aten::matmul", self, other)
    OperationCount.add(results: product.count, length: size(-1))
    return product
  }
  /// Writes the matrix products of two batches, `[batch, n, length]` and `[batch, length, m]`, into memory of any
  /// order, as which it returns them. Not differentiable.
  @discardableResult
  public func matrixProducts(_ other: Tensor, into result: Tensor) -> Tensor {
    OperationCount.add(results: result.count, length: size(-1))
    return call("aten::bmm.out", self, other, result)
  }
  /// Adds the matrix products of two batches, `[batch, n, length]` and `[batch, length, m]`, in place.
  @discardableResult
  package func addMatrixProducts_(_ left: Tensor, _ right: Tensor) -> Tensor {
    OperationCount.add(results: count, length: left.size(2))
    return call("aten::baddbmm_", self, left, right)
  }
  /// The inverse of a square matrix.
  public func inverse() -> Tensor { call("aten::linalg_inv", self) }
  /// The lower triangle whose product with its transpose a positive definite matrix is.
  public func cholesky() -> Tensor { call("aten::linalg_cholesky", self) }
  /// The matrices by which these lower triangular ones, `[..., n, n]`, are to be multiplied from the right to give others.
  public func solveLowerTriangular(_ products: Tensor) -> Tensor {
    call("aten::linalg_solve_triangular", self, products, false)
  }
}

extension Tensor {
  /// The sum of all elements.
  public func sum() -> Tensor { call("aten::sum", self) }
  /// The sum over some dimensions.
  public func sum(_ dimensions: [Int], keepingDimensions: Bool = false) -> Tensor {
    call("aten::sum.dim_IntList", self, dimensions, keepingDimensions)
  }
  /// The mean of all elements.
  public func mean() -> Tensor { call("aten::mean", self) }
  /// The mean over some dimensions.
  public func mean(_ dimensions: [Int], keepingDimensions: Bool = false) -> Tensor {
    call("aten::mean.dim", self, dimensions, keepingDimensions)
  }
  /// The largest element over some dimensions.
  public func amax(_ dimensions: [Int], keepingDimensions: Bool = false) -> Tensor {
    call("aten::amax", self, dimensions, keepingDimensions)
  }
  /// The largest elements along a dimension, and where they lie in it (64-bit integers).
  public func maxWithIndices(_ dimension: Int) -> (values: Tensor, indices: Tensor) {
    let found = callMany("aten::max.dim", [self, dimension], capacity: 2)
    return (found[0], found[1])
  }
  /// Where the `count` largest elements lie along the last dimension, the largest first (64-bit integers).
  public func topkIndices(_ count: Int) -> Tensor { callMany("aten::topk", [self, count], capacity: 2)[1] }
  /// The `count` largest elements along the last dimension.
  public func topk(_ count: Int) -> Tensor { call("aten::topk", self, count) }
  /// Whether every element is a finite number.
  public var isFinite: Bool { call("aten::all", call("aten::isfinite", self)).item == 1 }
}
