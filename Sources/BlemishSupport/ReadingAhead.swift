import Foundation
import Synchronization

/// Reads files, or what else stands for them, in batches, in order; the next batch is read on other threads while the body
/// works on one.
package func readBatches<Name: Sendable, Value: Sendable>(
  of paths: [Name], size: Int, _ read: @escaping @Sendable (Name) -> Value,
  _ body: ([Value]) throws -> Void
) rethrows {
  let batches = stride(from: 0, to: paths.count, by: max(size, 1)).map {
    Array(paths[$0..<min($0 + max(size, 1), paths.count)])
  }
  var next = batches.first.map { ReadingAhead($0, read) }
  for index in batches.indices {
    guard let current = next else { return }
    let values = current.wait()
    next = index + 1 < batches.count ? ReadingAhead(batches[index + 1], read) : nil
    try body(values)
  }
}

/// Files that are being read on other threads.
///
/// The computing ones have every core, so these have the lowest priority: they run on what those leave, and on all
/// cores when those wait for pictures. Dispatch's threads would keep the priority for whatever they do next.
package final class ReadingAhead<Value: Sendable>: Sendable {
  private struct State {
    var next = 0
    var values: [Value?]
  }
  private let state: Mutex<State>
  private let finished = DispatchGroup()

  package init<Name: Sendable>(_ paths: [Name], _ read: @escaping @Sendable (Name) -> Value) {
    state = Mutex(State(values: Array(repeating: nil, count: paths.count)))
    for _ in 0..<min(paths.count, ProcessInfo.processInfo.activeProcessorCount) {
      finished.enter()
      startBackgroundThread("blemish.decoding") { [self] in
        while let index = take() {
          let value = read(paths[index])
          state.withLock { $0.values[index] = value }
        }
        finished.leave()
      }
    }
  }

  /// The next file to be read.
  private func take() -> Int? {
    state.withLock { state in
      guard state.next < state.values.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// What was read, in order.
  package func wait() -> [Value] {
    finished.wait()
    return state.withLock { $0.values.map { $0! } }
  }
}

/// Runs the body on a thread of its own, of the lowest priority.
package func startBackgroundThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
  let thread = Thread {
    #if os(Linux)
      // On Linux a thread's quality of service does nothing. A process number of 0 means the calling thread alone.
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
    #endif
    body()
  }
  thread.name = name
  thread.stackSize = 8 << 20
  thread.qualityOfService = .utility
  thread.start()
}
