import Synchronization

extension Torch {
  /// Runs the body and counts the multiplications and additions of its convolutions and matrix products, those of
  /// derivatives that it computes itself (``Tensor/withDerivative(of:_:)``) among them.
  public static func countingOperations(_ body: () throws -> Void) rethrows -> Double {
    let count = OperationCount()
    try OperationCount.$current.withValue(count) { try body() }
    return count.operations
  }
}

/// How many operations were done since counting began. Without ``Torch/countingOperations(_:)`` there is none.
final class OperationCount: Sendable {
  @TaskLocal static var current: OperationCount?
  private let total = Mutex(0.0)

  var operations: Double { total.withLock { $0 } }

  /// Notes a product: so many results, each the sum of so many products.
  static func add(results: Int, length: Int) {
    current?.total.withLock { $0 += 2 * Double(results) * Double(length) }
  }

  /// Notes a convolution, or either half of its derivative.
  static func add(output: Tensor, weight: Tensor) {
    guard current != nil else { return }
    add(results: output.count, length: weight.shape.dropFirst().reduce(1, *))
  }
}
