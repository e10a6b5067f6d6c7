import Foundation

/// A regular file that is open to be read, at any place and from any thread.
///
/// Its bytes are read and never mapped: a file that is cut off or written over meanwhile is an error, not a signal.
package final class RegularFile: Sendable {
  /// Its path.
  package let path: String
  /// Its bytes when it was opened.
  package let count: Int
  private let descriptor: Int32
  private let opened: FileStatus

  /// Opens a file. Pipes, devices and folders are not opened, so that nothing waits and nothing is set going.
  /// - Throws: ``FileSystemError``.
  package init(_ path: String) throws(FileSystemError) {
    let name = fileSystemPath(path)
    // What is there is asked before it is opened, for devices, and again behind, for what took its place.
    guard let found = FileStatus(path) else {
      throw FileSystemError(code: errno, path: path, access: .read)
    }
    try found.requireRegular(path)
    descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw FileSystemError(code: errno, path: path, access: .read) }
    guard let opened = FileStatus(descriptor: descriptor) else {
      let code = errno
      close(descriptor)
      throw FileSystemError(code: code, path: path, access: .read)
    }
    do throws(FileSystemError) {
      try opened.requireRegular(path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.opened = opened
    count = opened.byteCount
  }

  deinit { close(descriptor) }

  /// Fills the memory with the bytes from `offset` on.
  /// - Throws: ``FileSystemError``, ``FileSystemError/changed(path:)`` where the file has become shorter.
  package func read(into memory: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) {
    var done = 0
    while done < memory.count {
      let length = min(memory.count - done, 1 << 30)
      let received = pread(descriptor, memory.baseAddress! + done, length, off_t(offset + done))
      if received < 0 && errno == EINTR { continue }
      guard received >= 0 else { throw FileSystemError(code: errno, path: path, access: .read) }
      guard received > 0 else { throw .changed(path: path) }
      done += received
    }
  }

  /// `count` bytes from `offset` on.
  /// - Throws: ``FileSystemError``, also where there is no memory for them.
  package func bytes(at offset: Int, count: Int) throws(FileSystemError) -> Data {
    guard count > 0 else { return Data() }
    guard let memory = malloc(count) else { throw .noMemory(path: path, byteCount: count) }
    do throws(FileSystemError) {
      try read(into: UnsafeMutableRawBufferPointer(start: memory, count: count), at: offset)
    } catch {
      free(memory)
      throw error
    }
    return Data(bytesNoCopy: memory, count: count, deallocator: .free)
  }

  /// To be called behind the last read: that all that was read is of one state of the file.
  /// - Throws: ``FileSystemError/changed(path:)``.
  package func requireUnchanged() throws(FileSystemError) {
    guard let now = FileStatus(descriptor: descriptor), now.hasSameContent(as: opened) else {
      throw .changed(path: path)
    }
  }
}

extension FileStatus {
  func requireRegular(_ path: String) throws(FileSystemError) {
    switch kind {
    case .regular: return
    case .folder: throw .isFolder(path: path)
    default: throw .notRegular(path: path, kind: kind)
    }
  }
}

/// The bytes of a file, or its first ones.
/// - Parameters:
///   - limit: the most bytes that the file may have.
///   - prefix: how many of them to read; nil for all.
/// - Throws: ``FileSystemError``.
package func readRegularFile(
  _ path: String, limit: Int = 1 << 32, prefix: Int? = nil
) throws(FileSystemError) -> Data {
  let file = try RegularFile(path)
  if prefix == nil && file.count > limit { throw .tooLarge(path: path, limit: limit) }
  let data = try file.bytes(at: 0, count: min(file.count, prefix ?? .max))
  try file.requireUnchanged()
  return data
}
