import Foundation

/// The station's own folder, which one process at a time may use.
final class DataFolder: Sendable {
  let path: String
  private let lock: Int32

  /// Takes a folder, which is made if there is none.
  /// - Throws: ``StationError/data(path:reason:)``, ``StationError/dataInUse(path:)``.
  init(_ path: String) throws {
    self.path = path
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
    } catch {
      throw StationError.data(path: path, reason: "the folder cannot be made")
    }
    lock = Glibc.open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw StationError.data(path: path, reason: String(cString: strerror(errno))) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw StationError.dataInUse(path: path)
    }
  }

  deinit { close(lock) }
}
