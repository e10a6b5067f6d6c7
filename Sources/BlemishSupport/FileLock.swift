import Foundation

/// A lock that one process at a time holds, on all machines that share a file system. It ends with the process, however
/// that ends. The file, which is empty, stays until whoever holds the lock removes it.
package final class FileLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The lock on a file, which is made if need be; nil where somebody holds it.
  /// - Throws: ``FileSystemError``.
  package static func take(_ path: String) throws(FileSystemError) -> FileLock? {
    while true {
      let descriptor = open(fileSystemPath(path), O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw FileSystemError(code: errno, path: path, access: .write) }
      let lock = FileLock(descriptor: descriptor)
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        switch errno {
        case EINTR: continue
        case EWOULDBLOCK: return nil
        default: throw FileSystemError(code: errno, path: path, access: .write)
        }
      }
      // Whoever held it may have removed the file meanwhile: then again.
      if let mine = FileStatus(descriptor: descriptor), let there = FileStatus(path),
        mine.isSameFile(as: there)
      {
        return lock
      }
    }
  }

  /// The lock, waited for.
  /// - Parameter waiting: called once, where somebody holds it.
  /// - Throws: ``FileSystemError``; `CancellationError` where the task was cancelled.
  package static func wait(for path: String, waiting: () -> Void) throws -> FileLock {
    if let lock = try take(path) { return lock }
    waiting()
    while true {
      try Task.checkCancellation()
      // Not in the system: a second signal to the process would not end the wait.
      Thread.sleep(forTimeInterval: 0.2)
      if let lock = try take(path) { return lock }
    }
  }
}
