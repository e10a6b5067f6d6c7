import CTorch
import Foundation

extension Tensor {
  /// Computes the gradients of a function's inputs from those of its outputs. Nil stands for zero; what is given for
  /// an input that needs no gradient is not used.
  public typealias Derivative = ([Tensor?]) -> [Tensor?]

  /// The outputs of a function whose derivative is its own, where the recorded one would do needless work.
  ///
  /// The function runs without recording and gives new tensors. Its derivative is called at most once; it must not
  /// hold on to the outputs themselves, which hold on to it (``detach()`` shares their memory). Until then
  /// the inputs must stay as they are: ``Tensor/backward()`` fails where one was changed in place.
  /// - Parameters:
  ///   - inputs: the tensors that gradients may flow to; at least one output depends on each.
  ///   - function: gives the outputs and the derivative. It is told for each input whether its gradient is needed,
  ///     or gets nil where none is, and then saves nothing.
  public static func withDerivative(
    of inputs: [Tensor], _ function: ([Bool]?) -> (outputs: [Tensor], derivative: Derivative)
  ) -> [Tensor] {
    let needed = inputs.map(\.requiresGradient)
    guard ct_gradient_mode(), needed.contains(true) else { return withoutGradient { function(nil).outputs } }
    let (outputs, derivative) = withoutGradient { function(needed) }
    let context = Unmanaged.passRetained(DerivativeContext(derivative)).toOpaque()
    let error = ct_attach_derivative(
      inputs.map(\.pointer), inputs.count, outputs.map(\.pointer), outputs.count, context,
      { DerivativeContext.at($0).gradients($1, $2, $3, $4) },
      { Unmanaged<DerivativeContext>.fromOpaque($0!).release() })
    report(error)
    return outputs
  }
}

/// A derivative in the form that the C surface can hold.
private final class DerivativeContext {
  let derivative: Tensor.Derivative
  /// The count of the thread that attached the derivative: libtorch may call it on another thread.
  private let operations = OperationCount.current

  init(_ derivative: @escaping Tensor.Derivative) { self.derivative = derivative }

  static func at(_ pointer: UnsafeMutableRawPointer?) -> DerivativeContext {
    Unmanaged<DerivativeContext>.fromOpaque(pointer!).takeUnretainedValue()
  }

  /// Calls the derivative; the error text of an operator that failed, for the caller to free.
  func gradients(
    _ given: UnsafePointer<ct_tensor?>?, _ givenCount: Int, _ results: UnsafeMutablePointer<ct_tensor?>?,
    _ resultCount: Int
  ) -> UnsafeMutablePointer<CChar>? {
    let tensors = (0..<givenCount).map { index -> Tensor? in
      guard let pointer = given?[index] else { return nil }
      ct_retain(pointer)
      return Tensor(owning: pointer)
    }
    do {
      let found = try OperationCount.$current.withValue(operations) {
        try withTorchErrors { derivative(tensors) }
      }
      precondition(found.count == resultCount, "\(found.count) of \(resultCount) gradients")
      for (index, gradient) in found.enumerated() {
        ct_retain(gradient?.pointer)
        results?[index] = gradient?.pointer
      }
      return nil
    } catch {
      return strdup("\(error)")
    }
  }
}
