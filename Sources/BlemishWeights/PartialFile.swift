import BlemishSupport
import Foundation

/// A file that is arriving, and how to tell whether the server still has the same one.
///
/// Beside it lies a note with the address and what the server said of the file's version, for a later process.
final class PartialFile {
  let path: String
  /// How many bytes have come.
  private(set) var count = 0
  /// The entity tag, or else the date, of the file that is arriving; nil where the server gives none.
  private(set) var version: String?
  private let address: String
  private let descriptor: Int32
  private var notePath: String { path + ".from" }

  /// Opens the file and keeps what an earlier transfer left, if it is of the same address and a change of the
  /// file would be noticed: by its version, or by its hash in the end.
  init(path: String, address: String, hasHash: Bool) throws {
    self.path = path
    self.address = address
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw WeightsError.unwritable(path: path, code: errno)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw WeightsError.beingFetched(path: path)
    }
    let note = ((try? String(contentsOfFile: notePath, encoding: .utf8)) ?? "").split(separator: "\n")
    version = note.dropFirst().first.map(String.init)
    if note.first == address[...], version != nil || hasHash {
      count = max(Int(lseek(descriptor, 0, SEEK_END)), 0)
    } else {
      try restart(version: nil)
    }
  }

  deinit { close(descriptor) }

  /// Forgets what has come.
  func restart(version: String?) throws {
    let isEmpty = lseek(descriptor, 0, SEEK_END) == 0
    guard isEmpty || ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw failure()
    }
    count = 0
    self.version = version
    try writeText(([address] + (version.map { [$0] } ?? [])).joined(separator: "\n"), to: notePath)
  }

  /// Writes what came next.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      count += written
      rest = rest.dropFirst(written)
    }
  }

  /// Removes the file and its note.
  func delete() {
    unlink(path)
    unlink(notePath)
  }

  private func failure() -> WeightsError { .unwritable(path: path, code: errno) }
}
