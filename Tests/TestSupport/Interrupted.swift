/// Runs work in a task of its own, which the work may cancel: so that a test can say when it is interrupted, such as
/// within a report, and is not cancelled itself.
///
/// - Parameter body: the work. What it is given cancels the task that it runs in; called from elsewhere it does nothing.
package func interrupted<Value>(
  _ body: @escaping (_ cancel: @escaping () -> Void) throws -> Value
) async throws -> Value {
  let work = Unshared(body)
  let task = Task {
    Unshared(Result { try work.value { withUnsafeCurrentTask { $0?.cancel() } } })
  }
  return try await task.value.value.get()
}

/// What two tasks hold, of which one only waits for the other.
private struct Unshared<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
