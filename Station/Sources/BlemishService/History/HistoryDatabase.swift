import Foundation
import GRDB

/// The database of the station, in SQLite with a write-ahead log.
enum HistoryDatabase {
  /// Opens the database, and makes it where there is none.
  /// - Throws: ``StationError/database(path:reason:)``.
  static func open(_ path: String) throws -> DatabasePool {
    var configuration = Configuration()
    // What was committed is on the disk.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    do {
      let pool = try DatabasePool(path: path, configuration: configuration)
      try migrations.migrate(pool)
      return pool
    } catch {
      throw StationError.database(path: path, reason: "\(error)")
    }
  }

  private static var migrations: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE inspections (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, model TEXT NOT NULL, model_hash TEXT NOT NULL,
            blemish TEXT NOT NULL, path TEXT NOT NULL, verdict TEXT NOT NULL, log_nfa DOUBLE NOT NULL,
            score DOUBLE NOT NULL, false_alarms DOUBLE NOT NULL, review DOUBLE NOT NULL,
            width INTEGER NOT NULL, height INTEGER NOT NULL, finding TEXT NOT NULL, regions INTEGER NOT NULL,
            seconds DOUBLE NOT NULL, picture TEXT, bytes INTEGER NOT NULL,
            picture_missing BOOLEAN NOT NULL DEFAULT 0,
            label TEXT, labelled_by TEXT, labelled_at INTEGER);
          CREATE INDEX inspections_by_verdict ON inspections (verdict, id);
          CREATE INDEX inspections_by_model ON inspections (model, id);
          CREATE INDEX inspections_by_source ON inspections (source, id);
          CREATE INDEX inspections_by_path ON inspections (source, path, id);
          CREATE INDEX inspections_by_label ON inspections (label, id);
          CREATE TABLE evidence (
            id INTEGER PRIMARY KEY REFERENCES inspections ON DELETE CASCADE, map BLOB NOT NULL, mask BLOB);
          CREATE TABLE labels (
            inspection INTEGER NOT NULL REFERENCES inspections ON DELETE CASCADE, label TEXT, by TEXT NOT NULL,
            at INTEGER NOT NULL);
          CREATE INDEX labels_by_inspection ON labels (inspection);
          CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL, error TEXT);
          CREATE INDEX outbox_by_sink ON outbox (sink, due);
          """)
    }
    return migrator
  }
}

/// The history could not be opened when the station began.
struct HistoryClosed: Error {}
