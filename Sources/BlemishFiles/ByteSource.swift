import BlemishSupport
import Foundation

/// Where a reader takes bytes from: memory, of which it gets slices, or a file, of which it gets only what it asks for.
enum ByteSource {
  case memory(Data)
  case file(RegularFile)

  /// A file that is not empty.
  /// - Throws: `DataFileError`.
  init(opening path: String) throws {
    self = try DataFileError.naming(path) {
      let file = try RegularFile(path)
      guard file.count > 0 else { throw FileSystemError.empty(path: path) }
      return .file(file)
    }
  }

  /// The number of bytes.
  var count: Int {
    switch self {
    case .memory(let data): data.count
    case .file(let file): file.count
    }
  }

  /// The bytes from `offset` on.
  /// - Throws: `EndOfBytes` where there are not as many; `FileSystemError`.
  func bytes(at offset: Int, count: Int) throws -> Data {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw EndOfBytes()
    }
    switch self {
    case .memory(let data):
      let start = data.startIndex + offset
      return data[start..<start + count]
    case .file(let file): return try file.bytes(at: offset, count: count)
    }
  }

  /// At most `count` bytes from the start.
  func prefix(_ count: Int) throws -> Data { try bytes(at: 0, count: min(count, self.count)) }

  /// To be called behind the last read: that all that was read is of one state of the file.
  func requireUnchanged() throws {
    if case .file(let file) = self { try file.requireUnchanged() }
  }
}
