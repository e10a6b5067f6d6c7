import CTorch

/// What libtorch said when an operator failed.
public struct TorchError: Error, CustomStringConvertible {
  /// libtorch's message.
  public let description: String

  /// Whether an operator has failed in the enclosing scope: what is computed there must not outlive it.
  package static var isPending: Bool { ErrorBox.current?.first != nil }
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

/// Hands a failure of the C surface on; frees the text.
func report(_ text: UnsafeMutablePointer<CChar>?) {
  guard let text else { return }
  let message = String(cString: text)
  ct_free(text)
  fail(message)
}

/// Hands a failure to the enclosing scope, or traps.
func fail(_ message: String) {
  guard let box = ErrorBox.current else { fatalError(message) }
  if box.first == nil { box.first = TorchError(description: message) }
}
