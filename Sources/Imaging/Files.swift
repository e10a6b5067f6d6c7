import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The bytes of a file, or the first `limit` of them.
func readFile(_ path: String, limit: Int = .max) throws -> [UInt8] {
  func failure() -> PictureError {
    .unreadable(name: path, reason: String(cString: strerror(errno)))
  }
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard file >= 0 else { throw failure() }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { throw failure() }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw PictureError.unreadable(name: path, reason: "it is not a file")
  }
  let wanted = min(Int(status.st_size), limit)
  guard wanted <= 1 << 32 else {
    throw PictureError.unreadable(name: path, reason: "it is larger than 4 GiB")
  }
  return try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
    while count < wanted {
      let received = read(file, buffer.baseAddress! + count, wanted - count)
      if received < 0 && errno == EINTR { continue }
      guard received >= 0 else { throw failure() }
      if received == 0 { break }
      count += received
    }
  }
}

/// Writes a file whole or not at all: under a temporary name beside it, flushed, then renamed.
func writeFile(_ bytes: [UInt8], to path: String) throws {
  func failure() -> PictureError {
    .unwritable(name: path, reason: String(cString: strerror(errno)))
  }
  // Not the file's name with something added, which might be too long.
  // Foundation's own way to take the last component off a path traps on one of a single character.
  let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "./"
  let temporary = "\(folder).blemish-\(UInt64.random(in: 0 ... .max)).part"
  let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
  guard file >= 0 else { throw failure() }
  do {
    defer { close(file) }
    var written = 0
    while written < bytes.count {
      let sent = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, bytes.count - written) }
      if sent < 0 && errno == EINTR { continue }
      guard sent >= 0 else { throw failure() }
      written += sent
    }
    guard fsync(file) == 0 else { throw failure() }
    guard rename(temporary, path) == 0 else { throw failure() }
  } catch {
    unlink(temporary)
    throw error
  }
}
