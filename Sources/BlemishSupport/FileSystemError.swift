import Foundation

/// What a name in the file system stands for.
public enum FileKind: String, Sendable {
  case regular = "a file"
  case folder = "a folder"
  case pipe = "a named pipe"
  case socket = "a socket"
  case characterDevice = "a device"
  case blockDevice = "a disk or another block device"
  case unknown = "something other than a file"

  init(mode: mode_t) {
    self =
      switch mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      default: .unknown
      }
  }
}

/// Why a file or folder could not be read, listed or written.
public enum FileSystemError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// What was to be done.
  public enum Access: String, Sendable {
    case read = "read"
    case write = "written"
    case list = "listed"
    case make = "made"
  }

  /// The path is the empty text.
  case emptyPath
  /// There is nothing at the path.
  case missing(path: String)
  /// The file has no bytes.
  case empty(path: String)
  /// The folder that a file was to be written in is not there.
  case folderMissing(path: String, folder: String)
  /// There is a folder where a file is needed.
  case isFolder(path: String)
  /// There is something where a folder is needed.
  case notFolder(path: String)
  /// There is a device, a pipe or a socket where a file is needed.
  case notRegular(path: String, kind: FileKind)
  /// The user may not do it.
  case permission(path: String, access: Access)
  /// The file system can only be read.
  case readOnly(path: String)
  /// The disk, or the user's share of it, is full.
  case full(path: String)
  /// The file is larger than what is read of its kind.
  case tooLarge(path: String, limit: Int)
  /// The process may not write files of this size.
  case fileSizeLimit(path: String)
  /// Another program wrote to the file while it was read.
  case changed(path: String)
  /// The file that would be replaced was not written by Blemish as one of this kind.
  case foreign(path: String, expected: String)
  /// There is not enough memory for the file.
  case noMemory(path: String, byteCount: Int)
  /// Another error of the system, by its number.
  case other(path: String, access: Access, code: Int32)

  /// The case that an error number of the system stands for.
  package init(code: Int32, path: String, access: Access) {
    self =
      switch code {
      case ENOENT where path.isEmpty: .emptyPath
      case ENOENT where access == .write: .folderMissing(path: path, folder: folderName(path))
      case ENOENT: .missing(path: path)
      case ENOTDIR where access == .list || access == .make: .notFolder(path: path)
      case ENOTDIR where access == .write: .folderMissing(path: path, folder: folderName(path))
      case ENOTDIR: .missing(path: path)
      case EISDIR: .isFolder(path: path)
      case EACCES, EPERM: .permission(path: path, access: access)
      case EROFS: .readOnly(path: path)
      case ENOSPC, EDQUOT: .full(path: path)
      case EFBIG: .fileSizeLimit(path: path)
      case ENXIO: .notRegular(path: path, kind: .unknown)
      case ENOMEM: .noMemory(path: path, byteCount: 0)
      default: .other(path: path, access: access, code: code)
      }
  }

  /// The file or folder.
  public var path: String {
    switch self {
    case .emptyPath: ""
    case .missing(let path), .empty(let path), .folderMissing(let path, _), .isFolder(let path),
      .notFolder(let path),
      .notRegular(let path, _), .permission(let path, _), .readOnly(let path), .full(let path),
      .tooLarge(let path, _), .fileSizeLimit(let path), .changed(let path), .foreign(let path, _),
      .noMemory(let path, _), .other(let path, _, _):
      path
    }
  }

  /// What is wrong, without the file's name.
  public var problem: String {
    switch self {
    case .emptyPath: "the name of a file is empty"
    case .missing: "there is no such file or folder"
    case .empty: "is empty: it has 0 bytes"
    case .folderMissing(_, let folder):
      "cannot be written: the folder \(printable(folder)) does not exist; make it first"
    case .isFolder: "is a folder, not a file"
    case .notFolder: "is not a folder"
    case .notRegular(_, let kind): "is \(kind.rawValue), not a file"
    case .permission(_, let access): "cannot be \(access.rawValue): permission is denied"
    case .readOnly: "cannot be written: the file system is read-only"
    case .full: "cannot be written: the disk is full"
    case .tooLarge(_, let limit): "is too large: at most \(limit) bytes are read"
    case .fileSizeLimit: "cannot be written: it would be larger than the limit on the size of files allows"
    case .changed: "changed while it was read; wait until it is written, then try again"
    case .foreign(_, let expected):
      "exists and is not \(expected) that Blemish has written, so it is not replaced; choose another name"
    case .noMemory(_, let byteCount):
      byteCount > 0
        ? "cannot be read: there is no memory for its \(byteCount) bytes" : "there is no memory for it"
    case .other(_, let access, let code): "cannot be \(access.rawValue): \(systemText(code))"
    }
  }

  /// The file and what is wrong, for a person to read.
  public var description: String { path.isEmpty ? problem : "\(printable(path)): \(problem)" }
  /// The same, for Foundation's error texts.
  public var errorDescription: String? { description }
}

/// The system's text for an error number, to stand within a sentence.
private func systemText(_ code: Int32) -> String {
  let text = String(cString: strerror(code))
  return text.prefix(1).lowercased() + text.dropFirst()
}
