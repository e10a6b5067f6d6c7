import CTorch
import Foundation

/// Does independent jobs side by side, a thread each, and hands their results on in order.
///
/// The operators of a job run on the job's own thread alone. Small networks gain more from that than from operators that
/// share their work: threads of one operator wait for each other. A result has the same bits whatever the number of
/// workers. No thread spins: workers without a job sleep, and so does the calling thread until a result is there.
/// - Parameters:
///   - count: the number of jobs. They begin in order.
///   - workers: how many threads there are; nil for as many as operators use on the calling thread.
///   - ahead: how many jobs may be done beyond the result that is handed on, which bounds memory; nil for two a worker.
///   - work: the job of an index. It inherits from the calling thread whether operators are recorded for derivatives.
///   - handOn: called on the calling thread, once for every result, in the order of the indices.
/// - Throws: the error of the first job in order that failed, ``TorchError`` for an operator's; what `handOn` throws; and
///   `CancellationError` where the calling task was cancelled. Jobs that have begun are finished before.
package func withWorkers<Value: Sendable>(
  _ count: Int, workers: Int? = nil, ahead: Int? = nil,
  _ work: @escaping @Sendable (_ index: Int) throws -> Value,
  inOrder handOn: (_ index: Int, _ value: Value) throws -> Void
) throws {
  let workers = min(max(workers ?? Torch.threads, 1), count)
  guard count > 0 else { return }
  let queue = OrderedJobs<Value>(count: count, ahead: max(ahead ?? 2 * workers, workers))
  let recording = ct_gradient_mode()
  let operations = OperationCount.current
  // Threads that are kept for the calling thread's operators would spin for some milliseconds.
  ct_pause_threads()
  let finished = DispatchGroup()
  for _ in 0..<workers {
    finished.enter()
    let thread = Thread {
      Torch.setThreadsOfThisThread(1)
      ct_set_gradient_mode(recording)
      OperationCount.$current.withValue(operations) {
        queue.work { index in try withTorchErrors { try work(index) } }
      }
      finished.leave()
    }
    thread.name = "blemish.worker"
    thread.stackSize = 8 << 20
    thread.start()
  }
  defer {
    queue.stop()
    finished.wait()
  }
  for index in 0..<count {
    try Task.checkCancellation()
    try handOn(index, queue.result(index).get())
  }
}

/// The results of independent jobs, in order; see ``withWorkers(_:workers:ahead:_:inOrder:)``.
package func withWorkers<Value: Sendable>(
  _ count: Int, workers: Int? = nil, _ work: @escaping @Sendable (_ index: Int) throws -> Value
) throws -> [Value] {
  var values: [Value] = []
  values.reserveCapacity(count)
  try withWorkers(count, workers: workers, ahead: count, work) { values.append($1) }
  return values
}

/// Jobs that threads take in order, and their results until they are handed on.
private final class OrderedJobs<Value: Sendable>: @unchecked Sendable {
  private let count: Int
  private let ahead: Int
  /// Guards everything below, and tells of every change.
  private let changed = NSCondition()
  private var next = 0
  private var handedOn = 0
  private var results: [Int: Result<Value, any Error>] = [:]
  private var stopped = false

  init(count: Int, ahead: Int) { (self.count, self.ahead) = (count, ahead) }

  /// Does jobs until none is left.
  func work(_ job: (Int) throws -> Value) {
    while let index = take() {
      let result = Result { try job(index) }
      changed.lock()
      results[index] = result
      // What comes behind a failure is not asked for.
      if case .failure = result { stopped = true }
      changed.broadcast()
      changed.unlock()
    }
  }

  private func take() -> Int? {
    changed.lock()
    defer { changed.unlock() }
    while !stopped, next < count, next >= handedOn + ahead { changed.wait() }
    guard !stopped, next < count else { return nil }
    next += 1
    return next - 1
  }

  /// The result of the next job in order, which is waited for.
  func result(_ index: Int) -> Result<Value, any Error> {
    changed.lock()
    defer { changed.unlock() }
    while true {
      if let result = results.removeValue(forKey: index) {
        handedOn = index + 1
        changed.broadcast()
        return result
      }
      changed.wait()
    }
  }

  func stop() {
    changed.lock()
    stopped = true
    changed.broadcast()
    changed.unlock()
  }
}
