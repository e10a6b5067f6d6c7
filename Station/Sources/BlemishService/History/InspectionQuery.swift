import Blemish
import Foundation
import GRDB

/// Which inspections are asked for.
public struct InspectionQuery: Sendable, Equatable {
  /// Of these verdicts; of all where there is none.
  public var verdicts: [Verdict] = []
  /// Of a model.
  public var model: String?
  /// Of a source.
  public var source: String?
  /// With or without a label.
  public var label: LabelFilter?
  /// From this time on.
  public var from: Date?
  /// Before this time.
  public var to: Date?
  /// Before the inspection of this number: where the page before ended.
  public var before: Int64?
  /// After the inspection of this number.
  public var after: Int64?
  /// At most so many.
  public var limit = 50

  /// What is asked of labels.
  public enum LabelFilter: String, Sendable, CaseIterable {
    /// Those with the label.
    case good, anomalous
    /// Those without one, and those with one.
    case none, any
    /// Those whose label contradicts the verdict.
    case wrong
  }

  /// All, the newest first.
  public init() {}

  private var conditions: (sql: String, arguments: StatementArguments) {
    var parts: [String] = []
    var arguments = StatementArguments()
    func add(_ sql: String, _ values: any DatabaseValueConvertible...) {
      parts.append(sql)
      arguments += StatementArguments(values)
    }
    if !verdicts.isEmpty {
      parts.append("verdict IN (\(verdicts.map { _ in "?" }.joined(separator: ", ")))")
      arguments += StatementArguments(verdicts.map(\.rawValue))
    }
    if let model { add("model = ?", model) }
    if let source { add("source = ?", source) }
    switch label {
    case nil: break
    case .some(.good): add("label = 'good'")
    case .some(.anomalous): add("label = 'anomalous'")
    case .some(.none): add("label IS NULL")
    case .some(.any): add("label IS NOT NULL")
    case .some(.wrong):
      add("(label = 'good' AND verdict = 'anomalous' OR label = 'anomalous' AND verdict = 'good')")
    }
    if let from { add("id >= ?", Int64(from.timeIntervalSince1970 * 1e6)) }
    if let to { add("id < ?", Int64(to.timeIntervalSince1970 * 1e6)) }
    if let before { add("id < ?", before) }
    if let after { add("id > ?", after) }
    return (parts.isEmpty ? "1" : parts.joined(separator: " AND "), arguments)
  }

  /// The inspections, the newest first.
  func fetch(_ database: Database) throws -> [InspectionRecord] {
    let (sql, arguments) = conditions
    return try InspectionRecord.fetchAll(
      database, sql: "SELECT * FROM inspections WHERE \(sql) ORDER BY id DESC LIMIT ?",
      arguments: arguments + [limit])
  }

  /// How many there are, whatever the limit.
  func count(_ database: Database) throws -> Int {
    let (sql, arguments) = conditions
    return try Int.fetchOne(
      database, sql: "SELECT count(*) FROM inspections WHERE \(sql)", arguments: arguments)
      ?? 0
  }
}

extension History {
  /// The inspections that are asked for, the newest first.
  /// - Throws: `DatabaseError`.
  func inspections(_ query: InspectionQuery) async throws -> [InspectionRecord] {
    try await pool.read { try query.fetch($0) }
  }

  /// The inspection of a number; nil where there is none.
  /// - Throws: `DatabaseError`.
  func inspection(_ id: Int64) async throws -> InspectionRecord? {
    try await pool.read { try InspectionRecord.fetchOne($0, key: id) }
  }

  /// The map and the mask of an inspection; nil where there is none.
  /// - Throws: `DatabaseError`.
  func evidence(_ id: Int64) async throws -> (map: [UInt8], mask: [UInt8]?)? {
    try await pool.read { database in
      guard
        let row = try Row.fetchOne(
          database, sql: "SELECT map, mask FROM evidence WHERE id = ?", arguments: [id])
      else { return nil }
      let mask: Data? = row["mask"]
      return ([UInt8](row["map"] as Data), mask.map { [UInt8]($0) })
    }
  }

  /// Whether a source's file was judged since a time, in microseconds since 1970.
  /// - Throws: `DatabaseError`.
  func has(source: String, path: String, since time: Int64) async throws -> Bool {
    try await pool.read { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM inspections WHERE source = ? AND path = ? AND id >= ?)",
        arguments: [source, path, time]) ?? false
    }
  }
}
