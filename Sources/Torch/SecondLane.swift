import CTorch
import Foundation

/// A thread beside the calling one, for work on halves of a batch: each has half of the threads that operators use.
///
/// Operators on small maps spend much of their time waiting for each other's threads. Where two threads train an embedded
/// network, one operator after the other on both of them is hardly faster than on one; two halves of a batch side by
/// side take little more than half the time.
public final class SecondLane {
  private let worker: Worker?
  private let threadsBefore = Torch.threads

  /// Takes half of the threads for the other lane until it goes; where there is one thread, there is no other lane, and
  /// bodies run one after the other.
  public init() {
    guard threadsBefore > 1 else {
      worker = nil
      return
    }
    let (worker, threads) = (Worker(), threadsBefore / 2)
    self.worker = worker
    Torch.threads = threads
    let thread = Thread { worker.work(threads: threads) }
    thread.name = "blemish.lane"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit {
    guard let worker else { return }
    worker.stop()
    Torch.threads = threadsBefore
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

  /// What the two threads share; each touches the body and its result while the other waits for it.
  private final class Worker: @unchecked Sendable {
    private let begin = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)
    private var body: (() throws -> Void)?
    private var result: Result<Void, any Error> = .success(())

    func work(threads: Int) {
      Torch.threads = threads
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
