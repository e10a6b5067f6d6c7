import CTorch

/// What libtorch said when an operator failed.
public struct TorchError: Error, CustomStringConvertible {
  /// libtorch's message.
  public let description: String
}

/// Runs the body so that a failing operator ends in a thrown error and not in a trap.
///
/// After a failure the operators that follow do nothing, and the first failure is thrown when the body ends.
/// - Throws: ``TorchError``, or what the body throws.
public func withTorchErrors<Result>(_ body: () throws -> Result) throws -> Result {
  let box = ErrorBox()
  let result = ErrorBox.$current.withValue(box) { Swift.Result(catching: body) }
  if let first = box.first { throw first }
  return try result.get()
}

private final class ErrorBox: @unchecked Sendable {
  @TaskLocal static var current: ErrorBox?
  var first: TorchError?
}

/// Hands a failure of the C surface to the enclosing scope, or traps; frees the text.
func report(_ text: UnsafeMutablePointer<CChar>?) {
  guard let text else { return }
  let message = String(cString: text)
  ct_free(text)
  guard let box = ErrorBox.current else { fatalError(message) }
  if box.first == nil { box.first = TorchError(description: message) }
}
