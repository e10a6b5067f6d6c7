import Foundation
import GRDB
import Logging

/// What is still to be told to the sinks. It is written in the same transaction as the inspections, and leaves when the
/// sink has taken it: a sink that is down for an hour loses nothing. A sink that took a message without saying so gets it
/// again, under the same key.
final class Outbox: Sendable {
  /// How a sink does.
  struct State: Sendable, Codable {
    /// Messages that wait.
    var waiting = 0
    /// Messages that were taken since the station began.
    var delivered = 0
    /// Why the last one was not.
    var error: String?
    /// When the last one was.
    var lastDelivery: Date?
  }

  private let sinks: [SinkConfiguration]
  private let history: History?
  private let identity: String
  private let logger: Logger
  private let metrics: Metrics
  private let condition = NSCondition()
  private nonisolated(unsafe) var ending = false
  private nonisolated(unsafe) var news = 0
  private let states: Locked<[String: State]>
  private let threads = DispatchGroup()

  init(_ sinks: [SinkConfiguration], history: History?, identity: String, logger: Logger, metrics: Metrics) {
    self.sinks = sinks
    self.history = history
    self.identity = identity
    self.logger = logger
    self.metrics = metrics
    states = Locked(Dictionary(uniqueKeysWithValues: sinks.map { ($0.name, State()) }))
    metrics.counter("blemish_sink_deliveries_total", "Messages that a sink has taken.")
    metrics.counter("blemish_sink_failures_total", "Attempts at telling a sink that failed.")
    guard history != nil else { return }
    for sink in sinks {
      threads.enter()
      let thread = Thread { [self] in
        deliver(to: sink)
        threads.leave()
      }
      thread.name = "blemish.sink"
      thread.start()
    }
  }

  /// Adds what the sinks are to be told of inspections.
  /// - Throws: `DatabaseError`.
  static func add(_ records: [InspectionRecord], for sinks: [SinkConfiguration], _ database: Database) throws
  {
    for sink in sinks {
      for record in records where sink.verdicts.isEmpty || sink.verdicts.contains(record.verdict) {
        let content = String(decoding: try JSONText.data(SinkMessage(record)), as: UTF8.self)
        try database.execute(
          sql: "INSERT INTO outbox (sink, key, content, due) VALUES (?, ?, ?, 0)",
          arguments: [sink.name, "\(record.id)", content])
      }
    }
  }

  /// How the sinks do.
  func status() -> [String: State] {
    var states = states.with { $0 }
    let waiting = try? history?.pool.read { database in
      try Row.fetchAll(database, sql: "SELECT sink, count(*) AS waiting FROM outbox GROUP BY sink")
    }
    for row in waiting ?? [] { states[row["sink"]]?.waiting = row["waiting"] }
    return states
  }

  /// Something new is there.
  func wake() {
    condition.withLock {
      news += 1
      condition.broadcast()
    }
  }

  /// Ends the threads after the deliveries at hand; what is left waits for the next start.
  func end() async {
    condition.withLock {
      ending = true
      condition.broadcast()
    }
    await withCheckedContinuation { continuation in
      threads.notify(queue: .global()) { continuation.resume() }
    }
  }

  // MARK: One sink's thread

  private struct Entry {
    var row: Int64
    var key: String
    var attempts: Int
    var message: SinkMessage
  }

  private func deliver(to sink: SinkConfiguration) {
    let receiver = sink.receiver(station: identity, pictures: history!.pictures)
    defer { receiver.end() }
    var failures = 0
    var seen = -1
    while true {
      let entries: [Entry]
      do {
        entries = try due(for: sink.name)
      } catch {
        note(sink.name, error: "the outbox cannot be read: \(error)")
        entries = []
      }
      var unreachable = false
      for entry in entries {
        if condition.withLock({ ending }) { return }
        do {
          try receiver.take(entry.message, key: "\(identity)-\(entry.key)")
          try remove(entry)
          failures = 0
          metrics.add("blemish_sink_deliveries_total", 1, [("sink", sink.name)])
          states.with {
            $0[sink.name]?.delivered += 1
            $0[sink.name]?.error = nil
            $0[sink.name]?.lastDelivery = Date()
          }
        } catch {
          metrics.add("blemish_sink_failures_total", 1, [("sink", sink.name)])
          note(sink.name, error: "\(error)")
          if case SinkError.refused = error {
            try? postpone(entry, error: "\(error)")
          } else {
            unreachable = true
            failures += 1
            break
          }
        }
      }
      if !unreachable && entries.count == Self.atATime { continue }
      // A sink that cannot be reached is tried again after 1, 2, 4 ... 60 seconds; one that can when there is news.
      let pause = unreachable ? min(pow(2, Double(failures - 1)), 60) : 5
      let until = Date(timeIntervalSinceNow: pause * Double.random(in: 0.8...1.2))
      condition.lock()
      while !ending && (unreachable || news == seen), condition.wait(until: until) {}
      seen = news
      let ends = ending
      condition.unlock()
      if ends { return }
    }
  }

  private static let atATime = 32

  private func due(for sink: String) throws -> [Entry] {
    try history!.pool.read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM outbox WHERE sink = ? AND due <= ? ORDER BY id LIMIT ?",
        arguments: [sink, Int64(Date().timeIntervalSince1970), Self.atATime]
      ).map { row in
        Entry(
          row: row["id"], key: row["key"], attempts: row["attempts"],
          message: try JSONDecoder().decode(SinkMessage.self, from: Data((row["content"] as String).utf8)))
      }
    }
  }

  private func remove(_ entry: Entry) throws {
    try history!.pool.write { try $0.execute(sql: "DELETE FROM outbox WHERE id = ?", arguments: [entry.row]) }
  }

  /// A message that a sink does not take holds up no other: it is tried again later, up to an hour later.
  private func postpone(_ entry: Entry, error: String) throws {
    let pause = min(pow(2, Double(entry.attempts)), 3_600)
    try history!.pool.write { database in
      try database.execute(
        sql: "UPDATE outbox SET attempts = attempts + 1, due = ?, error = ? WHERE id = ?",
        arguments: [Int64(Date().timeIntervalSince1970 + pause), error, entry.row])
    }
  }

  private func note(_ sink: String, error: String) {
    let isNew = states.with { states in
      defer { states[sink]?.error = error }
      return states[sink]?.error != error
    }
    if isNew { logger.warning("sink fails", metadata: ["sink": "\(sink)", "error": "\(error)"]) }
  }
}
