import BlemishSupport
import Foundation

/// Makes batches ahead on threads of its own, and hands them over in order.
public final class LabelledBatchLoader: Sendable {
  private let queue: Queue

  /// - Parameters:
  ///   - steps: the batches' numbers.
  ///   - make: the batch of a number; called on several threads at once.
  init(steps: Range<Int>, threads: Int, make: @escaping @Sendable (Int) -> LabelledBatch) {
    let queue = Queue(steps, ahead: 2 * max(threads, 1))
    self.queue = queue
    for _ in 0..<max(threads, 1) {
      startBackgroundThread("blemish.synthesis") {
        while let step = queue.take() { queue.put(make(step), for: step) }
      }
    }
  }

  deinit { queue.stop() }

  /// The batch of a step; to be called with one after the other.
  func batch(_ step: Int) -> LabelledBatch { queue.hand(step) }

  /// The threads that make batches: one a core, on what those that compute leave of it.
  public static var standardThreads: Int { min(ProcessInfo.processInfo.activeProcessorCount, 32) }

  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private var next: Int
    private var handed: Int
    private let end: Int
    private let ahead: Int
    private var ready: [Int: LabelledBatch] = [:]
    private var stopped = false

    init(_ steps: Range<Int>, ahead: Int) {
      next = steps.lowerBound
      handed = steps.lowerBound
      end = steps.upperBound
      self.ahead = ahead
    }

    /// The number of a batch to make; nil when there is nothing more to do.
    func take() -> Int? {
      condition.lock()
      defer { condition.unlock() }
      while !stopped && next < end && next >= handed + ahead { condition.wait() }
      guard !stopped, next < end else { return nil }
      next += 1
      return next - 1
    }

    func put(_ batch: LabelledBatch, for step: Int) {
      condition.lock()
      ready[step] = batch
      condition.broadcast()
      condition.unlock()
    }

    func hand(_ step: Int) -> LabelledBatch {
      condition.lock()
      defer { condition.unlock() }
      while true {
        if let batch = ready.removeValue(forKey: step) {
          handed = step + 1
          condition.broadcast()
          return batch
        }
        condition.wait()
      }
    }

    func stop() {
      condition.lock()
      stopped = true
      condition.broadcast()
      condition.unlock()
    }
  }
}
