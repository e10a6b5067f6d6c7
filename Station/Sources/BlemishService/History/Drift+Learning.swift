import GRDB

extension Drift {
  /// Takes what the history has of the models' last versions.
  /// - Throws: `DatabaseError`.
  func learn(from history: History) throws {
    let rows = try history.pool.read { database in
      try Row.fetchAll(
        database,
        sql:
          "SELECT * FROM (SELECT id, model, model_hash, log_nfa FROM inspections ORDER BY id DESC LIMIT 50000) ORDER BY id"
      )
    }
    for row in rows { take(row["log_nfa"], name: row["model"], hash: row["model_hash"]) }
  }
}
