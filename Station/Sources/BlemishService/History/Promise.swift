import Foundation
import GRDB

/// What a model promises of good parts, and what the reviews say of it.
struct Promise: Encodable, Sendable {
  /// A share with the interval that holds the true one with a probability of 0.95 (Clopper and Pearson, 1934).
  struct Share: Encodable, Sendable, Equatable {
    var count: Int
    var of: Int
    var share: Double?
    var low: Double
    var high: Double

    init(_ count: Int, of total: Int) {
      self.count = count
      of = total
      share = total == 0 ? nil : Double(count) / Double(total)
      low = count == 0 ? 0 : Self.solve { Self.tail(count, total, $0) - 0.025 }
      high = count == total ? 1 : Self.solve { 0.025 - (1 - Self.tail(count + 1, total, $0)) }
    }

    /// The probability of `count` or more of `total`, each with a probability of `share`.
    private static func tail(_ count: Int, _ total: Int, _ share: Double) -> Double {
      guard count > 0 else { return 1 }
      guard count <= total, share > 0 else { return 0 }
      guard share < 1 else { return 1 }
      let n = Double(total)
      // Summed from the shorter side.
      func term(_ hits: Int) -> Double {
        let k = Double(hits)
        let choices: Double = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        let chance: Double = k * log(share) + (n - k) * log1p(-share)
        return exp(choices + chance)
      }
      if count <= total / 2 {
        let below: Double = (0..<count).map(term).reduce(0, +)
        return max(0, 1 - below)
      }
      let above: Double = (count...total).map(term).reduce(0, +)
      return min(1, above)
    }

    /// Where a function that rises from below zero to above is zero.
    private static func solve(_ function: (Double) -> Double) -> Double {
      var (low, high) = (0.0, 1.0)
      for _ in 0..<60 {
        let middle = (low + high) / 2
        if function(middle) < 0 { low = middle } else { high = middle }
      }
      return (low + high) / 2
    }
  }

  /// The promised number of false alarms per good picture, which bounds the share of good pictures that are stopped.
  var promised: Double
  /// Pictures that this version of the model judged.
  var inspected: Int
  /// Of the pictures that are said to be good, those that are stopped at the promise's limit.
  var falseAlarms: Share
  /// The same where every picture counts as good that nobody said to be anomalous.
  var falseAlarmsIfUnreviewedAreGood: Share
  /// Of the pictures that are said to be anomalous, those that pass.
  var missed: Share

  enum CodingKeys: String, CodingKey {
    case promised, inspected, missed
    case falseAlarms = "false_alarms"
    case falseAlarmsIfUnreviewedAreGood = "false_alarms_if_unreviewed_are_good"
  }
}

/// How log NFA is spread over the history, for a person who looks for a limit.
struct LogNFADistribution: Encodable, Sendable {
  /// The width of a bin.
  var step: Double
  /// The bins from the least on that has a picture.
  var bins: [Bin]

  /// The pictures from a log NFA on, up to the next bin.
  struct Bin: Encodable, Sendable {
    var from: Double
    var unreviewed: Int
    var good: Int
    var anomalous: Int
  }
}

extension History {
  /// What a version of a model promised, and what was observed.
  /// - Throws: `DatabaseError`.
  func promise(of model: ServedModel, falseAlarms: Double) async throws -> Promise {
    let (name, hash, limit) = (model.name, model.hash, log10(falseAlarms))
    return try await pool.read { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT count(*) AS inspected,
            total(log_nfa < ? AND label IS NOT 'anomalous') AS stopped_good, total(label IS NOT 'anomalous') AS maybe_good,
            total(label = 'good' AND log_nfa < ?) AS alarms, total(label = 'good') AS good,
            total(label = 'anomalous' AND log_nfa >= ?) AS missed, total(label = 'anomalous') AS anomalous
          FROM inspections WHERE model = ? AND model_hash = ?
          """, arguments: [limit, limit, limit, name, hash])!
      func count(_ name: String) -> Int { Int(row[name] as Double? ?? 0) }
      return Promise(
        promised: falseAlarms, inspected: row["inspected"],
        falseAlarms: .init(count("alarms"), of: count("good")),
        falseAlarmsIfUnreviewedAreGood: .init(count("stopped_good"), of: count("maybe_good")),
        missed: .init(count("missed"), of: count("anomalous")))
    }
  }

  /// How log NFA is spread over the pictures of a version of a model.
  /// - Throws: `DatabaseError`.
  func distribution(of model: ServedModel) async throws -> LogNFADistribution {
    let (name, hash) = (model.name, model.hash)
    let step = 0.1
    return try await pool.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT CAST((max(log_nfa, -100) + 100) / ? AS INTEGER) AS bin, total(label IS NULL) AS unreviewed,
            total(label = 'good') AS good, total(label = 'anomalous') AS anomalous
          FROM inspections WHERE model = ? AND model_hash = ? GROUP BY bin ORDER BY bin
          """, arguments: [step, name, hash])
      return LogNFADistribution(
        step: step,
        bins: rows.map { row in
          .init(
            from: Double(row["bin"] as Int) * step - 100, unreviewed: Int(row["unreviewed"] as Double),
            good: Int(row["good"] as Double), anomalous: Int(row["anomalous"] as Double))
        })
    }
  }
}
