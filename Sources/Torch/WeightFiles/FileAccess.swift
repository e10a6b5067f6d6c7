import Foundation

/// Reading and writing whole files, so that a failure leaves nothing half-written.
enum FileAccess {
  /// The file's bytes, memory-mapped: pages are read as they are touched.
  ///
  /// - Throws: `WeightFileError` when there is no readable regular file at `path`.
  static func map(_ path: String) throws -> Data {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure(path, "cannot be read") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw WeightFileError(path: path, problem: "is not a file")
    }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(path, "cannot be read") }
    defer { close(file) }
    guard fstat(file, &status) == 0, let data = MappedFile.data(file, count: Int(status.st_size)) else {
      throw failure(path, "cannot be read")
    }
    return data
  }

  /// Writes the chunks, one after another, to a new file and puts it in the place of `path`, or of what a link there
  /// names, once it is safely on disk. A reader sees the old file or the new one, whenever the power goes. Whoever could
  /// read the old one can read the new one.
  ///
  /// - Throws: `WeightFileError` when the folder cannot be written to or the disk is full; the file that was at
  ///   `path` is then as before and nothing new is left.
  static func replace(_ path: String, with chunks: [Data]) throws {
    let named = realpath(path, nil)
    defer { free(named) }
    let target = named.map { String(cString: $0) } ?? path
    // Foundation's own way to take the last component off a path traps on one of a single character.
    let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "./"
    let temporary = "\(folder).blemish-\(String(UInt64.random(in: 0 ... .max), radix: 36)).part"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure(path, "cannot be written") }
    do {
      defer { close(file) }
      var old = stat()
      if stat(target, &old) == 0 { fchmod(file, old.st_mode & 0o7777) }
      for chunk in chunks {
        try write(chunk, to: file, path)
        chunk.withUnsafeBytes(MappedFile.releasePages(of:))
      }
      guard fsync(file) == 0 else { throw failure(path, "cannot be written") }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, target) == 0 else {
      let error = failure(path, "cannot be written")
      unlink(temporary)
      throw error
    }
    // The new name lasts only once the folder is on disk too. Some file systems cannot do it; none loses data.
    let folderFile = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folderFile >= 0 {
      fsync(folderFile)
      close(folderFile)
    }
  }

  private static func write(_ chunk: Data, to file: Int32, _ path: String) throws {
    try chunk.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = Foundation.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw failure(path, "cannot be written")
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  private static func failure(_ path: String, _ what: String) -> WeightFileError {
    WeightFileError(path: path, problem: "\(what): \(String(cString: strerror(errno)))")
  }
}
