import Foundation

/// What the file system says of a path, links followed.
package struct FileStatus: Sendable, Equatable {
  /// What is there.
  package let kind: FileKind
  /// The bytes of a file.
  package let byteCount: Int
  private let device: UInt64
  private let node: UInt64
  private let modified: [Int]
  /// The permissions.
  let mode: mode_t
  let owner: uid_t
  let group: gid_t
  let deviceNumber: UInt64

  init(_ status: stat) {
    kind = FileKind(mode: status.st_mode)
    byteCount = Int(status.st_size)
    device = UInt64(status.st_dev)
    node = UInt64(status.st_ino)
    #if canImport(Darwin)
      modified = [Int(status.st_mtimespec.tv_sec), Int(status.st_mtimespec.tv_nsec)]
    #else
      modified = [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec)]
    #endif
    mode = status.st_mode & 0o7777
    owner = status.st_uid
    group = status.st_gid
    deviceNumber = UInt64(status.st_rdev)
  }

  /// The status of a path; nil where there is nothing, or nothing that can be looked at.
  package init?(_ path: String) {
    var status = stat()
    guard stat(fileSystemPath(path), &status) == 0 else { return nil }
    self.init(status)
  }

  /// The status of an open file.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Whether both are one file with one content, as far as its size and its times tell.
  func hasSameContent(as other: FileStatus) -> Bool {
    (device, node, byteCount) == (other.device, other.node, other.byteCount) && modified == other.modified
  }

  /// Whether both are one file, whatever is in it.
  func isSameFile(as other: FileStatus) -> Bool { (device, node) == (other.device, other.node) }
}

/// The names in a folder, those of hidden files too, in no order. A name may hold any bytes: see ``fileName(_:)``.
/// - Throws: ``FileSystemError``.
package func folderEntries(_ path: String) throws(FileSystemError) -> [String] {
  guard let folder = opendir(fileSystemPath(path)) else {
    throw FileSystemError(code: errno, path: path, access: .list)
  }
  defer { closedir(folder) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = readdir(folder) else {
      guard errno == 0 else { throw FileSystemError(code: errno, path: path, access: .list) }
      return names
    }
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { fileName($0.prefix { $0 != 0 }) }
    if name != "." && name != ".." { names.append(name) }
  }
}

/// Makes a folder, and those that it lies in, where there is none.
/// - Throws: ``FileSystemError``.
package func makeFolder(_ path: String) throws(FileSystemError) {
  guard !path.isEmpty else { throw .emptyPath }
  if mkdir(fileSystemPath(path), 0o777) == 0 { return }
  var code = errno
  if code == ENOENT {
    let parent = folderName(path.hasSuffix("/") ? String(path.dropLast()) : path)
    guard parent != path, parent != "." else { throw FileSystemError(code: code, path: path, access: .make) }
    try makeFolder(parent)
    if mkdir(fileSystemPath(path), 0o777) == 0 { return }
    code = errno
  }
  if let status = FileStatus(path) {
    guard status.kind == .folder else { throw .notFolder(path: path) }
    return
  }
  throw FileSystemError(code: code, path: path, access: .make)
}
