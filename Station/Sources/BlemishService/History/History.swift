import Blemish
import Foundation
import GRDB
import Logging

/// What is to be kept of an inspection.
struct NewInspection: Sendable {
  var judgement: Judgement
  var source: String
  var picture: [UInt8]
}

/// Every inspection that was answered, with its picture, its evidence and what people say of it.
///
/// An inspection is on the disk before it is answered. What several requests bring at the same time is written in one
/// transaction.
public final class History: Sendable {
  let pool: DatabasePool
  let pictures: PictureFolder
  private let numbers: InspectionNumbers
  private let logger: Logger
  private let writer = NSCondition()
  private nonisolated(unsafe) var pending: [Pending] = []
  private nonisolated(unsafe) var ending = false
  private let finished = DispatchGroup()
  /// Called with what was written, in order, on the writing thread.
  private let written: @Sendable (_ records: [InspectionRecord], _ database: Database) throws -> Void

  private struct Pending {
    var inspection: NewInspection
    var continuation: CheckedContinuation<InspectionRecord, any Error>
  }

  /// Opens the history of a folder, and puts in order what a sudden end may have left: pictures without a row are
  /// removed, as they were never answered; rows whose pictures are lost say so.
  /// - Parameter written: takes part in the transaction that writes inspections.
  /// - Throws: ``StationError``.
  init(
    folder: String, logger: Logger,
    written: @escaping @Sendable (_ records: [InspectionRecord], _ database: Database) throws -> Void
  ) throws {
    pool = try HistoryDatabase.open(folder + "/station.sqlite")
    pictures = PictureFolder(root: folder + "/pictures")
    self.logger = logger
    self.written = written
    do {
      try FileManager.default.createDirectory(atPath: pictures.root, withIntermediateDirectories: true)
      numbers = InspectionNumbers(
        after: try pool.read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM inspections") } ?? 0)
      try putInOrder()
    } catch let error as DatabaseError {
      throw StationError.database(path: folder + "/station.sqlite", reason: "\(error)")
    } catch {
      throw StationError.data(path: folder, reason: "\(error)")
    }
    finished.enter()
    let thread = Thread { [self] in
      writeAll()
      finished.leave()
    }
    thread.name = "blemish.history"
    thread.start()
  }

  private func putInOrder() throws {
    var known = Set(
      try pool.read {
        try String.fetchAll($0, sql: "SELECT picture FROM inspections WHERE picture IS NOT NULL")
      })
    var orphans = 0
    for place in pictures.places() where known.remove(place) == nil {
      pictures.remove(place)
      orphans += 1
    }
    if orphans > 0 {
      logger.notice("pictures without an inspection removed", metadata: ["count": "\(orphans)"])
    }
    let lost = known
    guard !lost.isEmpty else { return }
    try pool.write { database in
      for place in lost {
        try database.execute(
          sql: "UPDATE inspections SET picture_missing = 1 WHERE picture = ? AND NOT picture_missing",
          arguments: [place])
      }
    }
    logger.warning("pictures of inspections are missing", metadata: ["count": "\(lost.count)"])
  }

  // MARK: Writing

  /// Keeps an inspection; it is on the disk when this returns.
  /// - Throws: `DatabaseError` or `POSIXError` where it cannot be written.
  func keep(_ inspection: NewInspection) async throws -> InspectionRecord {
    try await withCheckedThrowingContinuation { continuation in
      writer.lock()
      pending.append(Pending(inspection: inspection, continuation: continuation))
      writer.signal()
      writer.unlock()
    }
  }

  private func writeAll() {
    while true {
      writer.lock()
      while pending.isEmpty && !ending { writer.wait() }
      let group = pending
      pending = []
      writer.unlock()
      if group.isEmpty { return }
      let result = Result { try write(group.map(\.inspection)) }
      switch result {
      case .success(let records):
        for (pending, record) in zip(group, records) { pending.continuation.resume(returning: record) }
      case .failure(let error):
        logger.error("inspections cannot be kept", metadata: ["error": "\(error)"])
        for pending in group { pending.continuation.resume(throwing: error) }
      }
    }
  }

  private func write(_ inspections: [NewInspection]) throws -> [InspectionRecord] {
    let records = inspections.map { InspectionRecord($0, id: numbers.next()) }
    try pictures.write(zip(records, inspections).map { ($0.picture!, $1.picture) })
    do {
      try pool.write { database in
        for (record, inspection) in zip(records, inspections) {
          try record.insert(database)
          try database.execute(
            sql: "INSERT INTO evidence (id, map, mask) VALUES (?, ?, ?)",
            arguments: [
              record.id, Data(inspection.judgement.map), inspection.judgement.mask.map { Data($0) },
            ])
        }
        try written(records, database)
      }
    } catch {
      for record in records { pictures.remove(record.picture!) }
      throw error
    }
    return records
  }

  /// Ends the writing thread when all that was taken is written.
  func end() async {
    writer.withLock {
      ending = true
      writer.signal()
    }
    await withCheckedContinuation { continuation in
      finished.notify(queue: .global()) { continuation.resume() }
    }
    try? pool.close()
  }

  // MARK: Labels

  /// Says of a part what it is, or takes that back.
  /// - Returns: the inspection; nil where there is none of the number.
  /// - Throws: `DatabaseError`.
  func label(_ id: Int64, _ label: Label?, by name: String) throws -> InspectionRecord? {
    let now = Int64(Date().timeIntervalSince1970 * 1e6)
    return try pool.write { database in
      guard var record = try InspectionRecord.fetchOne(database, key: id) else { return nil }
      record.label = label
      record.labelledBy = label == nil ? nil : name
      record.labelledAt = label == nil ? nil : now
      try record.update(database)
      try database.execute(
        sql: "INSERT INTO labels (inspection, label, by, at) VALUES (?, ?, ?, ?)",
        arguments: [id, label?.rawValue, name, now])
      return record
    }
  }

  // MARK: Bounds

  /// Removes the oldest inspections beyond the bounds, with their pictures.
  /// - Parameters:
  ///   - days: how long inspections are kept; nil for ever.
  ///   - bytes: how much room pictures and evidence may take; nil for all.
  /// - Returns: how many were removed.
  /// - Throws: `DatabaseError`.
  @discardableResult
  func trim(days: Double?, bytes: Int?) throws -> Int {
    var removed = 0
    while true {
      let places = try pool.write { database -> [String?] in
        var ids: [Int64] = []
        if let days {
          let oldest = Int64((Date().timeIntervalSince1970 - days * 86_400) * 1e6)
          ids = try Int64.fetchAll(
            database, sql: "SELECT id FROM inspections WHERE id < ? ORDER BY id LIMIT 500",
            arguments: [oldest])
        }
        if let bytes, ids.isEmpty {
          var excess =
            (try Int.fetchOne(database, sql: "SELECT sum(bytes) FROM inspections") ?? 0) - bytes
          if excess > 0 {
            for row in try Row.fetchAll(
              database, sql: "SELECT id, bytes FROM inspections ORDER BY id LIMIT 500")
            {
              guard excess > 0 else { break }
              ids.append(row["id"])
              excess -= row["bytes"] as Int
            }
          }
        }
        guard !ids.isEmpty else { return [] }
        let last = ids[ids.count - 1]
        let places = try String?.fetchAll(
          database, sql: "SELECT picture FROM inspections WHERE id <= ?", arguments: [last])
        try database.execute(sql: "DELETE FROM inspections WHERE id <= ?", arguments: [last])
        return places
      }
      if places.isEmpty { return removed }
      // A picture whose row is gone is removed at the next start at the latest.
      for place in places.compactMap({ $0 }) { pictures.remove(place) }
      removed += places.count
    }
  }
}

extension InspectionRecord {
  init(_ new: NewInspection, id: Int64) {
    let judgement = new.judgement
    let finding = judgement.finding
    self.init(
      id: id, source: new.source, model: judgement.model.name, modelHash: judgement.model.hash,
      blemish: stationVersion, path: finding.path, verdict: judgement.verdict, logNFA: finding.logNFA,
      score: finding.score, falseAlarms: judgement.falseAlarms, review: judgement.review,
      width: finding.width,
      height: finding.height, finding: finding.line, regions: finding.regions.count,
      seconds: judgement.seconds,
      picture: PictureFolder.place(id: id, ending: PictureFolder.ending(of: new.picture)),
      bytes: new.picture.count + judgement.map.count + (judgement.mask?.count ?? 0))
  }
}
