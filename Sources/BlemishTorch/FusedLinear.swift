import CTorch

/// A linear map that does not change, its weight brought once into the order that the processor multiplies fastest.
/// Not differentiable.
public struct FusedLinear: Sendable {
  /// A function of every result in the same pass.
  public enum Activation: String, Sendable {
    /// None.
    case none
    /// The exact Gaussian error linear unit.
    case gelu
  }

  private let weight: Tensor
  private let bias: Tensor?
  /// Whether ``weight`` is oneDNN's, of no order that other operators know.
  private let reordered: Bool
  private let outputs: Int
  private let inputs: Int

  /// A map by a weight `[outputs, inputs]` and a bias `[outputs]` of the same type. Without oneDNN, and on other
  /// devices than the processor, it stays as it is.
  /// - Parameter rows: about how many rows it will be applied to at a time.
  public init(weight: Tensor, bias: Tensor?, rows: Int? = nil) {
    (outputs, inputs) = (weight.size(0), weight.size(1))
    self.bias = bias?.detach()
    reordered = PixelProduct.isAvailable && weight.takesFusedOperators
    self.weight =
      reordered
      ? withoutGradient { call("mkldnn::_reorder_linear_weight", weight.detach().contiguous(), rows) }
      : weight.detach()
  }

  /// `[..., inputs]` to `[..., outputs]`.
  public func callAsFunction(_ x: Tensor, _ activation: Activation = .none) -> Tensor {
    guard reordered else {
      let y = x.linear(weight, bias: bias)
      return activation == .gelu ? y.gelu() : y
    }
    OperationCount.add(results: x.count / max(inputs, 1) * outputs, length: inputs)
    return call(
      "mkldnn::_linear_pointwise", x.contiguous(), weight, bias, activation.rawValue, [Double](), "none")
  }
}
