import BlemishDatasets
import BlemishSupport
import Foundation

/// The pictures that a user means by files, folders and patterns.
struct InputPictures {
  struct Input: Sendable {
    /// Where the picture lies.
    var path: String
    /// What its results are called: its place below the folder that was named, without the extension.
    var name: String
  }

  private(set) var pictures: [Input] = []
  private(set) var failures: [(path: String, reason: String)] = []

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
    makeNamesUnique()
  }

  private static func missing(_ path: String) -> String {
    path.isEmpty
      ? "the name of a picture or folder is empty"
      : "\(printable(path)): there is no such file, folder or pattern"
  }

  private mutating func addFile(_ path: String) {
    pictures.append(Input(path: path, name: Self.withoutExtension(Self.lastComponent(path))))
  }

  private mutating func addFolder(_ folder: String) {
    let failed = failures.count
    let files = files(in: folder, below: "", inside: []).sorted()
    if files.isEmpty && failures.count == failed {
      let endings = pictureExtensions.sorted().joined(separator: ", ")
      failures.append((folder, "\(printable(folder)): holds no pictures (\(endings))"))
    }
    for file in files {
      pictures.append(Input(path: Self.joined(folder, file), name: Self.withoutExtension(file)))
    }
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
    return names.filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      let file = place.isEmpty ? name : Self.joined(place, name)
      if FileStatus(Self.joined(root, file))?.kind == .folder {
        return files(in: root, below: file, inside: inside.union([identity]))
      }
      return pictureExtensions.contains(Self.fileExtension(name).lowercased()) ? [file] : []
    }
  }

  private mutating func makeNamesUnique() {
    var taken: Set<String> = []
    var uses: [String: Int] = [:]
    for index in pictures.indices {
      let name = pictures[index].name
      while !taken.insert(pictures[index].name).inserted {
        uses[name, default: 1] += 1
        pictures[index].name = "\(name)-\(uses[name, default: 1])"
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
