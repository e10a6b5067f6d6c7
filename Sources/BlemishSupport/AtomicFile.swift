import Foundation
import Synchronization

/// Files that are written whole or not at all.
///
/// The bytes go to a temporary file beside the target, which takes the target's place once it is safely on the disk. A
/// reader sees the old file or the new one, whenever the power goes. What a link names is replaced, not the link.
package enum AtomicFile {
  /// Which files may be replaced.
  package struct Replacement: Sendable {
    let expected: String
    let prefixLength: Int
    let recognises: (@Sendable (Data) -> Bool)?

    /// Any regular file: for names that are Blemish's own, as in a cache.
    package static let anyFile = Replacement(expected: "", prefixLength: 0, recognises: nil)

    /// Files that Blemish wrote as one of these kinds, and empty ones; with `force` any regular file.
    package static func own(_ kinds: [OwnFile], force: Bool = false) -> Replacement {
      guard !force else { return .anyFile }
      return Replacement(
        expected: kinds.map(\.name).joined(separator: " or "),
        prefixLength: kinds.map(\.prefixLength).max() ?? 0,
        recognises: { start in kinds.contains { $0.recognises(start) } })
    }
  }

  /// What the bytes are written with.
  package struct Writer: ~Copyable {
    fileprivate let descriptor: Int32
    fileprivate let path: String

    /// One that writes to standard output.
    static var standardOutput: Writer { Writer(descriptor: STDOUT_FILENO, path: "standard output") }

    /// Writes further bytes.
    /// - Throws: ``FileSystemError``.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
      var rest = bytes
      while !rest.isEmpty {
        let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw FileSystemError(code: errno, path: path, access: .write)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      }
    }
  }

  /// Puts a file of these bytes, one chunk behind the other, in the place of `path`.
  ///
  /// The new file has the old one's permissions.
  /// - Parameter isDurable: whether it is waited for until the file is on the disk; without, the power may cut it off.
  /// - Throws: ``FileSystemError``; the file that was there is then as before, and nothing new is left.
  package static func replace(
    _ path: String, with chunks: [some ContiguousBytes], replacing: Replacement = .anyFile,
    isDurable: Bool = true
  ) throws(FileSystemError) {
    try replace(path, replacing: replacing, isDurable: isDurable) { writer throws(FileSystemError) in
      for chunk in chunks {
        var failure: FileSystemError?
        chunk.withUnsafeBytes { bytes in
          do throws(FileSystemError) { try writer.write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
      }
    }
  }

  /// Puts a file that the body writes in the place of `path`.
  /// - Throws: ``FileSystemError``; the file that was there is then as before, and nothing new is left.
  package static func replace(
    _ path: String, replacing: Replacement = .anyFile, isDurable: Bool = true,
    body: (borrowing Writer) throws(FileSystemError) -> Void
  ) throws(FileSystemError) {
    let target = try checkedTarget(path, replacing: replacing)
    let folder = folderName(target)
    sweep(folder)
    let (temporary, descriptor) = try TemporaryFile.make(in: folder, for: path)
    do throws(FileSystemError) {
      defer { close(descriptor) }
      if let old = FileStatus(target) {
        // Whoever could read the old file can read the new one. Only root can give a file away, which is no error.
        _ = fchown(descriptor, old.owner, old.group)
        fchmod(descriptor, old.mode)
      }
      try body(Writer(descriptor: descriptor, path: path))
      guard !isDurable || fsync(descriptor) == 0 else {
        throw FileSystemError(code: errno, path: path, access: .write)
      }
      guard rename(fileSystemPath(temporary), fileSystemPath(target)) == 0 else {
        throw FileSystemError(code: errno, path: path, access: .write)
      }
    } catch {
      unlink(fileSystemPath(temporary))
      throw error
    }
    guard isDurable else { return }
    // The new name lasts only once the folder is on disk too. Some file systems cannot do it; none loses data.
    let folderFile = open(fileSystemPath(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folderFile >= 0 {
      fsync(folderFile)
      close(folderFile)
    }
  }

  /// Checks, before long work is done for it, that a file can be written and may be replaced.
  /// - Throws: ``FileSystemError``.
  package static func check(_ path: String, replacing: Replacement = .anyFile) throws(FileSystemError) {
    let folder = folderName(try checkedTarget(path, replacing: replacing))
    // Permissions do not tell everything, of a read-only file system for instance.
    let (temporary, descriptor) = try TemporaryFile.make(in: folder, for: path)
    close(descriptor)
    unlink(fileSystemPath(temporary))
  }

  /// Removes what killed runs left of their temporary files in a folder. Those of runs that still write stay.
  package static func removeLeftovers(in folder: String) {
    guard let names = try? folderEntries(folder) else { return }
    for name in names where TemporaryFile.isName(name) {
      TemporaryFile.removeIfAbandoned("\(folder)/\(name)")
    }
  }

  /// The folders in which this process has looked for leftovers.
  private static let swept = Mutex<Set<String>>([])

  private static func sweep(_ folder: String) {
    // Once in each folder: a cache writes thousands of files into one.
    guard swept.withLock({ $0.insert(folder).inserted }) else { return }
    removeLeftovers(in: folder)
  }

  /// The file that a path names, links followed, where it may be replaced or is not there yet.
  private static func checkedTarget(
    _ path: String, replacing: Replacement
  ) throws(FileSystemError) -> String {
    guard !path.isEmpty else { throw .emptyPath }
    let target = try linkTarget(path)
    guard !target.hasSuffix("/") else { throw .isFolder(path: path) }
    guard let status = FileStatus(target) else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw FileSystemError(code: errno, path: path, access: .write)
      }
      let folder = folderName(target)
      guard let found = FileStatus(folder), found.kind == .folder else {
        throw .folderMissing(path: path, folder: folder)
      }
      return target
    }
    try status.requireRegular(path)
    if let recognises = replacing.recognises, status.byteCount > 0 {
      let start = try readRegularFile(target, prefix: replacing.prefixLength)
      guard recognises(start) else { throw .foreign(path: path, expected: replacing.expected) }
    }
    return target
  }

  /// What a path names once its last component is no link; that need not be there.
  private static func linkTarget(_ path: String) throws(FileSystemError) -> String {
    var target = path
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let length = readlink(fileSystemPath(target), &buffer, buffer.count - 1)
      guard length >= 0 else { return target }
      let named = fileName(buffer[..<length].map { UInt8(bitPattern: $0) })
      target = named.hasPrefix("/") ? named : "\(folderName(target))/\(named)"
    }
    throw FileSystemError.other(path: path, access: .write, code: ELOOP)
  }
}

/// The files beside their targets that are being written.
///
/// Whoever writes one holds a lock on it, which ends with the process however that ends. One that can be locked by
/// another is abandoned. The name says the process, for people.
private enum TemporaryFile {
  static func isName(_ name: String) -> Bool { name.hasPrefix(".blemish-") && name.hasSuffix(".part") }

  /// A new one, open and locked.
  static func make(
    in folder: String, for path: String
  ) throws(FileSystemError) -> (name: String, descriptor: Int32) {
    while true {
      let random = String(UInt64.random(in: 0 ... .max), radix: 36)
      let name = "\(folder)/.blemish-\(getpid())-\(random).part"
      let descriptor = open(fileSystemPath(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else {
        if errno == EEXIST { continue }
        throw FileSystemError(code: errno, path: path, access: .write)
      }
      // Between making and locking it another process may have taken it for abandoned: then again.
      let lost = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
      if !lost, let mine = FileStatus(descriptor: descriptor), let there = FileStatus(name),
        mine.isSameFile(as: there)
      {
        return (name, descriptor)
      }
      close(descriptor)
    }
  }

  static func removeIfAbandoned(_ name: String) {
    let path = fileSystemPath(name)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard let status = FileStatus(descriptor: descriptor), status.kind == .regular,
      flock(descriptor, LOCK_EX | LOCK_NB) == 0
    else { return }
    unlink(path)
  }
}

/// Lets writing beyond the limit on the size of files be an error instead of the end of the process.
package func ignoreFileSizeSignal() { signal(SIGXFSZ, SIG_IGN) }

/// Writes a text file whole or not at all.
/// - Throws: ``FileSystemError``.
package func writeText(
  _ text: String, to path: String, replacing: AtomicFile.Replacement = .anyFile
) throws(FileSystemError) {
  try AtomicFile.replace(path, with: [Array(text.utf8)], replacing: replacing)
}

/// Checks that a file can be written before long work is done for it.
/// - Throws: ``FileSystemError``.
package func requireWritable(
  _ path: String, replacing: AtomicFile.Replacement = .anyFile
) throws(FileSystemError) {
  try AtomicFile.check(path, replacing: replacing)
}
