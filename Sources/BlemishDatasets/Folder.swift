import BlemishImaging
import BlemishSupport
import Foundation

/// The endings of the pictures that can be read, in lower case.
package let pictureExtensions = Picture.fileExtensions

/// A file of this name marks a folder of results, which is no folder of pictures to learn from or to judge.
package let resultsMark = ".blemish-results"

/// The endings of JPEG files, in lower case.
let jpegExtensions: Set<String> = ["jfif", "jpe", "jpeg", "jpg"]

/// The names that folders of good pictures have, in lower case.
private let goodNames: Set<String> = ["good", "normal", "ok"]

/// A folder on disk, or a single file in its place. Hidden files do not exist for it.
struct Folder {
  let path: String
  let isFile: Bool

  init(path: String) {
    self.path = path
    isFile = false
  }

  /// - Throws: `DatasetError` if there is nothing at the path or it cannot be listed.
  init(existing path: String) throws {
    guard let status = FileStatus(path) else { throw DatasetError.missing(path: path) }
    let isFolder = status.kind == .folder
    if isFolder {
      do {
        _ = try folderEntries(path)
      } catch {
        throw DatasetError.unreadable(path: path, reason: whyUnreadable(path))
      }
    }
    self.path = path
    isFile = !isFolder
  }

  /// The last part of the absolute path.
  var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }

  /// The last part but one of the absolute path.
  var parentName: String {
    URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().lastPathComponent
  }

  /// What a data set without categories is called: its folder, or its file without the ending.
  var title: String { isFile ? stem(name) : name }

  static func / (folder: Folder, name: String) -> Folder { Folder(path: folder.file(name)) }

  func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  func contains(_ name: String) -> Bool { FileStatus(file(name)) != nil }

  var exists: Bool { FileStatus(path)?.kind == .folder }

  var isEmpty: Bool { !isFile && !names.contains { !$0.hasPrefix(".") } }

  /// What is hidden in the folder, by natural order.
  var hiddenEntries: [String] { all { $0.hasPrefix(".") } }

  /// Everything in the folder, hidden or not, in no order.
  private var names: [String] { (try? folderEntries(path)) ?? [] }

  private func all(_ isWanted: (String) -> Bool) -> [String] {
    names.filter(isWanted).sorted(by: naturallyPrecedes)
  }

  /// Whether a file ends like a picture.
  var hasPictures: Bool {
    names.contains { !$0.hasPrefix(".") && pictureExtensions.contains(fileExtension($0)) }
  }

  /// The names of the files that do not end like pictures, by natural order.
  var otherFiles: [String] {
    all {
      !$0.hasPrefix(".") && !pictureExtensions.contains(fileExtension($0)) && !(self / $0).exists
    }
  }

  /// The names of the folders of good pictures, however they are written.
  var goodFolders: [String] { subfolders.filter { goodNames.contains($0.lowercased()) } }

  /// Whether a folder has this name, however it is written.
  func hasFolder(named name: String) -> Bool { subfolders.contains { $0.lowercased() == name } }

  /// The names of the folders inside, by natural order. What ends like a picture is taken for a file, so that
  /// large folders are listed fast.
  /// A folder of results is not among them.
  var subfolders: [String] {
    all {
      !$0.hasPrefix(".") && !pictureExtensions.contains(fileExtension($0)) && (self / $0).exists
        && !(self / $0).contains(resultsMark)
    }
  }

  /// The names of the files that end like pictures.
  var pictures: [String] { files(endingIn: pictureExtensions) }

  func files(endingIn extensions: Set<String>) -> [String] {
    all { !$0.hasPrefix(".") && extensions.contains(fileExtension($0)) }
  }
}

/// Why the system does not let a file or folder be read.
func whyUnreadable(_ path: String) -> String {
  access(fileSystemPath(path), R_OK) == 0 ? "reading it failed" : String(cString: strerror(errno))
}

/// What follows the last point of a file's name, in lower case.
func fileExtension(_ name: String) -> String {
  guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
  return name[name.index(after: point)...].lowercased()
}

/// A file's name without what follows its last point.
func stem(_ name: String) -> String {
  guard let point = name.lastIndex(of: "."), point != name.startIndex else { return name }
  return String(name[..<point])
}

/// Sorts by name with numbers by value, so that frame 1000 follows frame 999; otherwise byte by byte.
func naturallyPrecedes(_ first: String, _ second: String) -> Bool {
  let (a, b) = (Array(first.utf8), Array(second.utf8))
  let isDigit: (UInt8) -> Bool = { $0 >= 0x30 && $0 <= 0x39 }
  var (i, j) = (0, 0)
  while i < a.count, j < b.count {
    if isDigit(a[i]), isDigit(b[j]) {
      let x = a[i...].prefix(while: isDigit)
      let y = b[j...].prefix(while: isDigit)
      (i, j) = (x.endIndex, y.endIndex)
      let (significantX, significantY) = (x.drop { $0 == 0x30 }, y.drop { $0 == 0x30 })
      if significantX.count != significantY.count { return significantX.count < significantY.count }
      if significantX != significantY { return significantX.lexicographicallyPrecedes(significantY) }
    } else {
      if a[i] != b[j] { return a[i] < b[j] }
      (i, j) = (i + 1, j + 1)
    }
  }
  if a.count - i != b.count - j { return a.count - i < b.count - j }
  return a.lexicographicallyPrecedes(b)
}
