import BlemishTorch
import Foundation
import Synchronization

/// The results of a body on so many plain threads, which all begin at the same moment.
/// - Parameter operatorThreads: how many threads operators use on each; nil for as many as a new thread begins with. With
///   one, all memory is shared by means that ThreadSanitizer sees: it knows nothing of OpenMP.
public func onThreadsAtOnce<Value: Sendable>(
  _ count: Int, operatorThreads: Int? = nil, _ body: @escaping @Sendable (_ thread: Int) -> Value
) -> [Value] {
  let ready = DispatchSemaphore(value: 0)
  let begin = DispatchSemaphore(value: 0)
  let finished = DispatchGroup()
  let results = ResultsOfThreads<Value>()
  for index in 0..<count {
    finished.enter()
    let thread = Thread {
      if let operatorThreads { Torch.setThreadsOfThisThread(operatorThreads) }
      ready.signal()
      begin.wait()
      let value = body(index)
      results.values.withLock { $0[index] = value }
      finished.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }
  for _ in 0..<count { ready.wait() }
  for _ in 0..<count { begin.signal() }
  finished.wait()
  return results.values.withLock { values in (0..<count).map { values[$0]! } }
}

private final class ResultsOfThreads<Value: Sendable>: Sendable {
  let values = Mutex<[Int: Value]>([:])
}
