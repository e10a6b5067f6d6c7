import BlemishDatasets
import BlemishSupport
import Foundation

/// The pictures that a user means by files, folders and patterns.
struct InputPictures {
  struct Input: Sendable {
    /// Where the picture lies.
    var path: String
    /// What its results are called: the path by which it was named, below the folder of results, without the extension.
    var name: String
  }

  private(set) var pictures: [Input] = []
  private(set) var failures: [(path: String, reason: String)] = []
  /// What lies in the folders and is not judged, counted by kind.
  private(set) var notes: [String] = []
  private var leftOut: [String: Int] = [:]

  init(_ paths: [String]) {
    for path in paths {
      if let status = FileStatus(path) {
        if status.kind == .folder { addFolder(path) } else { addFile(path) }
      } else {
        let found = Self.matches(path)
        if found.isEmpty { failures.append((path, Self.missing(path))) }
        for match in found {
          if FileStatus(match)?.kind == .folder { addFolder(match) } else { addFile(match) }
        }
      }
    }
    nameResults()
    notes = leftOut.sorted { $0.key < $1.key }.map { kind, count in
      "\(count) \(kind) \(count == 1 ? "is" : "are") not judged"
    }
  }

  private static func missing(_ path: String) -> String {
    path.isEmpty
      ? "the name of a picture or folder is empty"
      : "\(printable(path)): there is no such file, folder or pattern"
  }

  private mutating func addFile(_ path: String) {
    pictures.append(Input(path: path, name: ""))
  }

  private mutating func addFolder(_ folder: String) {
    let failed = failures.count
    let files = files(in: folder, below: "", inside: []).sorted()
    if files.isEmpty && failures.count == failed {
      let endings = pictureExtensions.sorted().joined(separator: ", ")
      failures.append((folder, "\(printable(folder)): holds no pictures (\(endings))"))
    }
    for file in files { pictures.append(Input(path: Self.joined(folder, file), name: "")) }
  }

  /// The pictures in a folder and those below it, by their places there. Hidden files and folders do not exist, as for
  /// 'blemish train'. Links are followed, but for those that lead back.
  private mutating func files(in root: String, below place: String, inside: Set<FileIdentity>) -> [String] {
    let folder = place.isEmpty ? root : Self.joined(root, place)
    guard let identity = FileIdentity(folder), !inside.contains(identity) else { return [] }
    let names: [String]
    do throws(FileSystemError) {
      names = try folderEntries(folder)
    } catch {
      failures.append((folder, error.description))
      return []
    }
    guard place.isEmpty || !names.contains(resultsMark) else {
      leftOut["folders of results", default: 0] += 1
      return []
    }
    return names.flatMap { name -> [String] in
      let file = place.isEmpty ? name : Self.joined(place, name)
      let ending = Self.fileExtension(name).lowercased()
      let isPicture = pictureExtensions.contains(ending)
      if name.hasPrefix(".") {
        if isPicture && !name.hasPrefix("._") { leftOut["hidden pictures", default: 0] += 1 }
        return []
      }
      if FileStatus(Self.joined(root, file))?.kind == .folder {
        return files(in: root, below: file, inside: inside.union([identity]))
      }
      if !isPicture {
        leftOut[ending.isEmpty ? "files without an ending" : ".\(ending) files", default: 0] += 1
      }
      return isPicture ? [file] : []
    }
  }

  /// Gives every picture's results a name that depends on its path alone: the path without what leads out of the folder
  /// of results. Where pictures of one folder differ in the extension only, they keep it.
  private mutating func nameResults() {
    let places = pictures.map { picture in
      picture.path.split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: "/")
    }
    let uses = Dictionary(Set(places).map { (Self.withoutExtension($0), 1) }, uniquingKeysWith: +)
    var taken: Set<String> = []
    for (index, place) in places.enumerated() {
      let stem = Self.withoutExtension(place)
      pictures[index].name = uses[stem] == 1 ? stem : place
      // The same picture named twice, or through "..": told apart by a hash of the path as it was named.
      if !taken.insert(pictures[index].name).inserted {
        let hash = hexadecimal(SHA256.hash(Array(pictures[index].path.utf8)).prefix(4))
        pictures[index].name =
          taken.insert("\(place)~\(hash)").inserted ? "\(place)~\(hash)" : "\(place)~\(hash)-\(index)"
      }
    }
  }

  /// The files that a pattern matches, sorted, where the shell has not expanded it.
  private static func matches(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(fileSystemPath(pattern), GLOB_TILDE, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { index in
      result.gl_pathv[index].map { fileName(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
  }

  // MARK: Names, which may hold any bytes

  private static func joined(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  private static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// What stands behind the last point of a name that does not begin with it.
  private static func fileExtension(_ name: String) -> String {
    guard let point = name.lastIndex(of: "."), point != name.startIndex else { return "" }
    return String(name[name.index(after: point)...])
  }

  private static func withoutExtension(_ path: String) -> String {
    let ending = fileExtension(lastComponent(path))
    return ending.isEmpty ? path : String(path.dropLast(ending.count + 1))
  }
}

/// One file or folder, whatever names lead to it.
struct FileIdentity: Hashable {
  private let device: UInt64
  private let node: UInt64

  /// Nil where there is nothing at the path.
  init?(_ path: String) {
    var status = stat()
    guard stat(fileSystemPath(path), &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    node = UInt64(status.st_ino)
  }
}

/// The one path of what a path names: absolute, without links and detours.
func resolvedPath(_ path: String) -> String {
  URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
}
