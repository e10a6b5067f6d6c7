import Foundation
import GRDB

/// A copy of a station's folder, made while the station runs.
public enum HistoryBackup {
  /// Copies the database as it is at one moment, and the pictures of its inspections: without taking room where the copy
  /// lies in the same file system, since a picture's file never changes.
  /// - Throws: ``StationError``.
  public static func copy(_ folder: String, to copy: String) throws {
    guard !FileManager.default.fileExists(atPath: copy) else {
      throw StationError.data(path: copy, reason: "is there already")
    }
    let source = folder + "/station.sqlite"
    guard FileManager.default.fileExists(atPath: source) else {
      throw StationError.data(path: folder, reason: "holds no history")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: copy + "/pictures", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      let queue = try DatabaseQueue(path: source, configuration: configuration)
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "VACUUM INTO ?", arguments: [copy + "/station.sqlite"])
      }
      try queue.close()
    } catch {
      throw StationError.database(path: source, reason: "\(error)")
    }
    do {
      let copied = try DatabaseQueue(path: copy + "/station.sqlite")
      let places = try copied.read { database in
        try String.fetchAll(database, sql: "SELECT picture FROM inspections WHERE picture IS NOT NULL")
      }
      for place in places {
        let (from, to) = (folder + "/pictures/" + place, copy + "/pictures/" + place)
        let day = String(to[..<to.lastIndex(of: "/")!])
        try FileManager.default.createDirectory(atPath: day, withIntermediateDirectories: true)
        // One that has left the history meanwhile is marked at the copy's first start.
        if link(from, to) != 0, errno != ENOENT { try FileManager.default.copyItem(atPath: from, toPath: to) }
      }
      for name in ["tokens.json", "identity"]
      where FileManager.default.fileExists(atPath: folder + "/" + name) {
        try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: copy + "/" + name)
      }
    } catch {
      throw StationError.data(path: copy, reason: "\(error)")
    }
  }
}
