import Blemish
import Foundation

/// Why a picture that was to be judged was not.
public enum JudgingQueueError: Error, Equatable, CustomStringConvertible {
  /// As many pictures wait as may; there will be room again after some seconds.
  case full(retryAfter: Int)
  /// The picture's turn did not come in time.
  case late
  /// The station ends.
  case ending

  /// Why.
  public var description: String {
    switch self {
    case .full(let seconds): "the queue is full; try again in \(seconds) s"
    case .late: "the picture's turn did not come before its deadline"
    case .ending: "the station is ending"
    }
  }
}

/// Pictures that wait for their judgement, in the order in which they came, and the threads that judge them.
///
/// A small network judges a picture a thread. Of a large one, and of one on a GPU, pictures that wait for the same model
/// share a batch, for whose other members the first one waits a stated time at most.
public final class JudgingQueue: Sendable {
  /// How it works.
  public struct Configuration: Sendable, Equatable {
    /// How many pictures may wait.
    public var capacity = 64
    /// How many threads judge.
    public var workers = max(ProcessInfo.processInfo.activeProcessorCount, 1)
    /// How many pictures share a batch of a model that takes batches.
    public var batch = 4
    /// How long the first picture of a batch waits for others.
    public var batchWait = Duration.milliseconds(5)
    /// How long a picture may wait for its turn.
    public var deadline = Duration.seconds(30)

    /// The standard way.
    public init() {}
  }

  private struct Entry: Sendable {
    var model: ServedModel
    var request: JudgementRequest
    var arrived: ContinuousClock.Instant
    var deadline: ContinuousClock.Instant
    var continuation: CheckedContinuation<Judgement, any Error>
  }

  /// What the condition guards.
  private struct State {
    var waiting: [Entry] = []
    var inWork = 0
    /// Names of the models that work on a batch and take one at a time.
    var busy: Set<String> = []
    var ending = false
    /// Seconds that a judgement takes, smoothed.
    var pace = 0.05
  }

  /// The way it works.
  public let configuration: Configuration
  private let condition = NSCondition()
  private nonisolated(unsafe) var state = State()
  private let threads = DispatchGroup()
  private let metrics: JudgingMetrics

  /// A queue whose threads wait for work.
  init(_ configuration: Configuration, metrics: JudgingMetrics) {
    self.configuration = configuration
    self.metrics = metrics
    for index in 0..<configuration.workers { start("blemish.judge.\(index)") { $0.work() } }
    start("blemish.deadlines") { $0.refuseLate() }
  }

  private func start(_ name: String, _ body: @escaping @Sendable (JudgingQueue) -> Void) {
    threads.enter()
    let thread = Thread { [self] in
      body(self)
      threads.leave()
    }
    thread.name = name
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// How many pictures wait.
  public var depth: Int { locked { $0.waiting.count } }

  private func locked<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    condition.lock()
    defer { condition.unlock() }
    return try body(&state)
  }

  /// Judges a picture when its turn comes.
  /// - Parameter deadline: how long it may wait; nil for the queue's way.
  /// - Throws: ``JudgingQueueError``; what the library throws of the picture.
  public func judge(
    _ request: JudgementRequest, with model: ServedModel, deadline: Duration? = nil
  ) async throws -> Judgement {
    let now = ContinuousClock.now
    return try await withCheckedThrowingContinuation { continuation in
      let job = Entry(
        model: model, request: request, arrived: now,
        deadline: now.advanced(by: deadline ?? configuration.deadline), continuation: continuation)
      let refusal: JudgingQueueError? = locked { state in
        guard !state.ending else { return .ending }
        guard state.waiting.count < configuration.capacity else {
          let seconds = Double(state.waiting.count) * state.pace / Double(configuration.workers)
          return .full(retryAfter: max(Int(seconds.rounded(.up)), 1))
        }
        state.waiting.append(job)
        condition.broadcast()
        return nil
      }
      if let refusal {
        metrics.refused(refusal)
        continuation.resume(throwing: refusal)
      }
    }
  }

  /// Ends the queue: what was taken is judged, nothing more is taken.
  public func end() async {
    locked { state in
      state.ending = true
      condition.broadcast()
    }
    await withCheckedContinuation { continuation in
      threads.notify(queue: .global()) { continuation.resume() }
    }
  }

  // MARK: The threads

  private func work() {
    let threadsOfLarge = Torch.threads
    while let jobs = take() {
      let sideBySide = jobs[0].model.model.worksSideBySide
      Torch.setThreadsOfThisThread(sideBySide ? 1 : threadsOfLarge)
      let start = ContinuousClock.now
      for job in jobs { metrics.waited(job.arrived.duration(to: start) / .seconds(1)) }
      let results = jobs[0].model.judge(jobs.map(\.request))
      let seconds = start.duration(to: .now) / .seconds(1) / Double(jobs.count)
      locked { state in
        state.inWork -= jobs.count
        state.pace += (seconds - state.pace) * 0.1
        if !sideBySide { state.busy.remove(jobs[0].model.name) }
        condition.broadcast()
      }
      for (job, result) in zip(jobs, results) { job.continuation.resume(with: result) }
    }
  }

  /// The next pictures for one thread, all of one model; nil when the queue has ended.
  private func take() -> [Entry]? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let first = state.waiting.firstIndex(where: { !state.busy.contains($0.model.name) }) {
        var jobs = [state.waiting.remove(at: first)]
        if !jobs[0].model.model.worksSideBySide { gather(&jobs) }
        state.inWork += jobs.count
        return jobs
      }
      if state.ending && state.waiting.isEmpty { return nil }
      condition.wait()
    }
  }

  /// Waits for others of the same version of a model.
  private func gather(_ jobs: inout [Entry]) {
    let model = jobs[0].model
    state.busy.insert(model.name)
    let until = Date(timeIntervalSinceNow: configuration.batchWait / .seconds(1))
    while true {
      while jobs.count < configuration.batch,
        let index = state.waiting.firstIndex(where: {
          $0.model.name == model.name && $0.model.hash == model.hash
        })
      {
        jobs.append(state.waiting.remove(at: index))
      }
      guard jobs.count < configuration.batch, !state.ending, condition.wait(until: until) else { return }
    }
  }

  /// Refuses what has waited too long.
  private func refuseLate() {
    condition.lock()
    defer { condition.unlock() }
    while !(state.ending && state.waiting.isEmpty) {
      let now = ContinuousClock.now
      let late = state.waiting.filter { $0.deadline <= now }
      if !late.isEmpty {
        state.waiting.removeAll { $0.deadline <= now }
        condition.unlock()
        for job in late {
          metrics.refused(.late)
          job.continuation.resume(throwing: JudgingQueueError.late)
        }
        condition.lock()
      }
      _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
    }
    condition.broadcast()
  }
}
