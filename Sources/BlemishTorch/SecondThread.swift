import CTorch
import Foundation

/// A thread beside the calling one, for work on two halves of a batch. Each has half of the threads that operators use.
///
/// Operators on small maps spend much of their time waiting for each other's threads. Two threads per operator are hardly
/// faster than one where an embedded network is trained; two halves of a batch side by side take little more than half the
/// time.
public final class SecondThread {
  private let worker: Worker?
  private let threadsBefore = Torch.threads

  /// Takes half of the calling thread's operator threads until it goes. Where there is only one, no second thread starts,
  /// and bodies run one after the other.
  public init() {
    guard threadsBefore > 1 else {
      worker = nil
      return
    }
    let (worker, threads) = (Worker(), threadsBefore / 2)
    self.worker = worker
    Torch.setThreadsOfThisThread(threads)
    let thread = Thread {
      Torch.setThreadsOfThisThread(threads)
      worker.work()
    }
    thread.name = "blemish.second"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit {
    guard let worker else { return }
    worker.stop()
    Torch.setThreadsOfThisThread(threadsBefore)
  }

  /// Runs both bodies, on this thread and on the other, and waits for both.
  /// - Throws: the error of the first that failed, ``TorchError`` for an operator's.
  public func run(_ here: () throws -> Void, beside there: @escaping () throws -> Void) throws {
    guard let worker else {
      try withTorchErrors(here)
      return try withTorchErrors(there)
    }
    worker.start { try withTorchErrors(there) }
    let mine = Result { try withTorchErrors(here) }
    let other = worker.wait()
    try mine.get()
    try other.get()
  }

  /// What the two threads share. Each touches the body and its result only while the other waits for it.
  private final class Worker: @unchecked Sendable {
    private let begin = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)
    private var body: (() throws -> Void)?
    private var result: Result<Void, any Error> = .success(())

    func work() {
      while true {
        begin.wait()
        guard let body else { return }
        result = Result { try body() }
        self.body = nil
        end.signal()
      }
    }

    func start(_ body: @escaping () throws -> Void) {
      self.body = body
      begin.signal()
    }

    func wait() -> Result<Void, any Error> {
      end.wait()
      return result
    }

    func stop() { begin.signal() }
  }
}
