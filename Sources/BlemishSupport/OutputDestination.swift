import Foundation

/// Where results go.
package enum OutputDestination: Sendable, Equatable {
  /// Nowhere: `/dev/null`.
  case nowhere
  /// Standard output: `-`.
  case standardOutput
  /// A file, there or not yet.
  case file(String)

  /// The destination that a user names.
  /// - Throws: ``FileSystemError`` for the empty text, a folder, and devices and pipes that cannot be replaced.
  package init(_ text: String) throws(FileSystemError) {
    guard !text.isEmpty else { throw .emptyPath }
    guard text != "-", text != "/dev/stdout" else {
      self = .standardOutput
      return
    }
    guard !text.hasSuffix("/") else { throw .isFolder(path: text) }
    guard let status = FileStatus(text) else {
      self = .file(text)
      return
    }
    if status.kind == .characterDevice, let null = FileStatus("/dev/null"),
      null.deviceNumber == status.deviceNumber
    {
      self = .nowhere
      return
    }
    try status.requireRegular(text)
    self = .file(text)
  }

  /// The file's path; nil where it is no file.
  package var path: String? {
    guard case .file(let path) = self else { return nil }
    return path
  }

  /// Checks, before long work is done for it, that a file can be written and may be replaced.
  /// - Throws: ``FileSystemError``.
  package func check(replacing: AtomicFile.Replacement) throws(FileSystemError) {
    if case .file(let path) = self { try AtomicFile.check(path, replacing: replacing) }
  }

  /// Writes the bytes, to a file whole or not at all.
  /// - Throws: ``FileSystemError``.
  package func write(
    _ chunks: [some ContiguousBytes], replacing: AtomicFile.Replacement
  ) throws(FileSystemError) {
    switch self {
    case .nowhere: return
    case .file(let path): try AtomicFile.replace(path, with: chunks, replacing: replacing)
    case .standardOutput:
      let writer = AtomicFile.Writer.standardOutput
      for chunk in chunks {
        var failure: FileSystemError?
        chunk.withUnsafeBytes { bytes in
          do throws(FileSystemError) { try writer.write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
      }
    }
  }
}
