extension AtomicFile {
  /// Puts a text in the place of `path` that the body writes piece by piece.
  /// - Throws: ``FileSystemError``, and what the body throws; the file that was there is then as before.
  package static func writeText(
    to path: String, replacing: Replacement = .anyFile, _ body: ((String) throws -> Void) throws -> Void
  ) throws {
    var failure: (any Error)?
    do throws(FileSystemError) {
      try replace(
        path, replacing: replacing, isDurable: true,
        body: { writer throws(FileSystemError) in
          var waiting: [UInt8] = []
          do {
            try body { text in
              waiting += text.utf8
              guard waiting.count >= 1 << 16 else { return }
              try writer.write(waiting)
              waiting = []
            }
            try writer.write(waiting)
          } catch {
            failure = error
            // Undoes what was written; the error of the body, which may be any, is thrown below.
            throw FileSystemError.changed(path: path)
          }
        })
    } catch {
      throw failure ?? error
    }
  }
}

extension AtomicFile.Writer {
  fileprivate func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }
}
