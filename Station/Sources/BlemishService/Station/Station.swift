import Blemish
import Foundation
import GRDB
import Logging

/// The inspection station: models, the queue of pictures, the history, where pictures come from and findings go.
public final class Station: Sendable {
  /// How it works.
  public let configuration: StationConfiguration
  /// The models.
  public let shelf: ModelShelf
  /// What is counted.
  public let metrics = Metrics()
  let queue: JudgingQueue
  let judging: JudgingMetrics
  let gate: Gate
  let logger: Logger
  let drift: Drift
  let outbox: Outbox
  let jobs: JobList
  /// When it began.
  let began = Date()
  private let folder: DataFolder
  private let opened: Result<History, any Error>
  let sourceStates = Locked<[String: SourceState]>([:])
  private let isEnding = Locked(false)

  /// A station, ready to judge.
  /// - Throws: ``StationError`` where it cannot begin. A damaged history does not keep it from judging.
  public init(_ configuration: StationConfiguration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    folder = try DataFolder(configuration.data)
    let tokens = TokenFile(folder: configuration.data)
    let isOpen = configuration.open || configuration.isLoopback && !configuration.needsTokens
    if !isOpen, try tokens.entries().isEmpty { throw StationError.openToAll(host: configuration.host) }
    gate = Gate(isOpen ? .open : .tokens, tokens: tokens)
    let options = configuration.options
    shelf = try ModelShelf(
      folder: configuration.models, limit: configuration.modelsInMemory,
      maximumPixels: configuration.maximumPixels, logger: logger
    ) { options[$0] ?? InspectionOptions() }
    judging = JudgingMetrics(metrics)
    drift = Drift()
    let sinks = configuration.sinks
    opened = Result {
      try History(folder: configuration.data, logger: logger) { records, database in
        try Outbox.add(records, for: sinks, database)
      }
    }
    outbox = Outbox(
      sinks, history: try? opened.get(), identity: try StationIdentity.name(folder: configuration.data),
      logger: logger, metrics: metrics)
    jobs = JobList(folder: configuration.data + "/jobs", logger: logger)
    queue = JudgingQueue(configuration.queue, metrics: judging)
    switch opened {
    case .success(let history): try? drift.learn(from: history)
    case .failure(let error):
      logger.critical(
        "the history cannot be used; judging goes on without it", metadata: ["error": "\(error)"])
    }
    declareMetrics()
    shelf.watch(every: 0.5)
  }

  /// The history.
  /// - Throws: ``HistoryClosed`` where it could not be opened.
  func history() throws -> History {
    guard case .success(let history) = opened else { throw HistoryClosed() }
    return history
  }

  /// Why there is no history; nil where there is.
  var historyError: String? {
    if case .failure(let error) = opened { return "\(error)" }
    return nil
  }

  /// Whether the station takes nothing more.
  var ending: Bool { isEnding.with { $0 } }

  // MARK: Judging

  /// Judges a picture and keeps what was found. Where that cannot be kept, it is answered all the same, and says so.
  /// - Throws: ``ModelShelfError``, ``JudgingQueueError``, or what is wrong with the picture.
  func inspect(
    _ request: JudgementRequest, picture: [UInt8]?, model name: String, source: String,
    deadline: Duration? = nil
  ) async throws -> InspectionAnswer {
    let model = try await shelf.model(named: name)
    return try await inspect(request, picture: picture, model: model, source: source, deadline: deadline)
  }

  /// Judges a picture with a model at hand.
  func inspect(
    _ request: JudgementRequest, picture: [UInt8]?, model: ServedModel, source: String,
    deadline: Duration? = nil
  ) async throws -> InspectionAnswer {
    let judgement: Judgement
    do {
      judgement = try await queue.judge(request, with: model, deadline: deadline)
    } catch let error as JudgingQueueError {
      throw error
    } catch {
      judging.failed(model: model.name)
      throw error
    }
    judging.judged(judgement, source: source)
    drift.take(judgement.finding.logNFA, model: model)
    var answer = InspectionAnswer(judgement: judgement, record: nil, source: source)
    guard let history = try? history() else { return answer }
    do {
      let bytes = try picture ?? request.content.encodedPicture()
      answer.record = try await history.keep(
        NewInspection(judgement: judgement, source: source, picture: bytes))
      outbox.wake()
    } catch {
      metrics.add("blemish_history_errors_total")
    }
    return answer
  }

  // MARK: Running

  /// Removes what is beyond the history's bounds.
  func trim() {
    guard let history = try? history() else { return }
    do {
      let removed = try history.trim(days: configuration.days, bytes: configuration.historyBytes)
      if removed > 0 { logger.info("inspections removed, by age or room", metadata: ["count": "\(removed)"]) }
    } catch {
      logger.error("the history cannot be trimmed", metadata: ["error": "\(error)"])
    }
  }

  /// Takes nothing more.
  func refuse() { isEnding.with { $0 = true } }

  /// Ends: what was taken is judged, kept and answered.
  public func end() async {
    refuse()
    shelf.stop()
    jobs.end()
    await queue.end()
    await outbox.end()
    if let history = try? history() { await history.end() }
  }

  private func declareMetrics() {
    metrics.counter("blemish_requests_total", "Requests that were answered, by route, method and status.")
    metrics.histogram(
      "blemish_request_seconds", "How long answers took, by route.",
      buckets: [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30])
    metrics.counter("blemish_history_errors_total", "Inspections that were answered but could not be kept.")
    metrics.gauge("blemish_model_loaded", "Models that are in memory, by version.")
    metrics.gauge("blemish_model_error", "1 where a model's file cannot be loaded.")
    metrics.gauge(
      "blemish_drift_p_value", "How improbable the stream of log NFA is where nothing has changed.")
    metrics.gauge("blemish_drift_log10_martingale", "log10 of the martingale against an unchanged stream.")
    metrics.gauge("blemish_history_available", "Whether the history can be used.")
    metrics.gauge("blemish_source_up", "Whether a source gives pictures.")
    metrics.gauge("blemish_resident_bytes", "Memory of the process.")
  }

  /// All metrics, as Prometheus reads them.
  func metricsText() -> String {
    metrics.set("blemish_queue_depth", Double(queue.depth))
    metrics.set("blemish_queue_capacity", Double(queue.configuration.capacity))
    metrics.set("blemish_history_available", historyError == nil ? 1 : 0)
    for gauge in [
      "blemish_model_loaded", "blemish_model_error", "blemish_drift_p_value",
      "blemish_drift_log10_martingale",
    ] { metrics.clear(gauge) }
    for status in shelf.status {
      metrics.set("blemish_model_error", status.error == nil ? 0 : 1, [("model", status.name)])
      guard let served = status.served else { continue }
      metrics.set("blemish_model_loaded", 1, [("model", status.name), ("version", served.version)])
      if let drift = drift.state(of: status.name) {
        metrics.set("blemish_drift_p_value", drift.pValue, [("model", status.name)])
        metrics.set("blemish_drift_log10_martingale", drift.logMartingale, [("model", status.name)])
      }
    }
    for (name, state) in sourceStates.with({ $0 }) {
      metrics.set("blemish_source_up", state.isUp ? 1 : 0, [("source", name)])
    }
    if let bytes = ProcessMemory.residentBytes { metrics.set("blemish_resident_bytes", Double(bytes)) }
    return metrics.text
  }
}

extension JudgementRequest.Content {
  /// The picture as a file.
  func encodedPicture() throws -> [UInt8] {
    switch self {
    case .encoded(let bytes): bytes
    case .decoded(let picture): [UInt8](try picture.pngData())
    }
  }
}
