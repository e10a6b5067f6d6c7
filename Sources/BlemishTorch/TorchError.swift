import CTorch
import Synchronization

/// What libtorch cannot do.
public enum TorchError: Error, Equatable, CustomStringConvertible {
  /// An operator failed, with libtorch's message.
  case operatorFailed(message: String)
  /// This libtorch, or this machine, has no device of this name.
  case deviceUnavailable(name: String)

  /// libtorch's message, or what is the case in a sentence.
  public var description: String {
    switch self {
    case .operatorFailed(let message): message
    case .deviceUnavailable(let name): "The device '\(name)' is not available."
    }
  }

  /// Whether an operator has failed in the enclosing scope: what is computed there must not outlive it.
  package static var isPending: Bool { FirstFailure.current?.error != nil }
}

/// Runs the body so that a failing operator ends in a thrown error and not in a trap.
///
/// After a failure the operators that follow do nothing, and the first failure is thrown when the body ends. The scope
/// is that of the body: failures on other threads, or in tasks of their own, belong to other scopes.
/// - Throws: ``TorchError``, or what the body throws.
public func withTorchErrors<Result>(_ body: () throws -> Result) throws -> Result {
  let failure = FirstFailure()
  let result = FirstFailure.$current.withValue(failure) { Swift.Result(catching: body) }
  if let error = failure.error { throw error }
  return try result.get()
}

/// The first failure of a scope. The scope is a task-local value, which plain threads have too. Tasks that the body
/// starts inherit it, so that it is guarded.
private final class FirstFailure: Sendable {
  @TaskLocal static var current: FirstFailure?
  private let first = Mutex<TorchError?>(nil)

  var error: TorchError? { first.withLock { $0 } }

  func note(_ error: TorchError) {
    first.withLock { if $0 == nil { $0 = error } }
  }
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
  guard let failure = FirstFailure.current else { fatalError(message) }
  failure.note(.operatorFailed(message: message))
}
