import Foundation

/// The pictures that a user means by files, folders and patterns.
struct InputPictures {
  struct Input {
    /// Where the picture lies.
    var path: String
    /// What its results are called: its place below the folder that was named, without the extension.
    var name: String
  }

  private(set) var pictures: [Input] = []
  private(set) var failures: [(path: String, reason: String)] = []

  private static let extensions: Set<String> = ["png", "jpg", "jpeg", "tif", "tiff", "bmp"]

  init(_ paths: [String]) {
    for path in paths {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
        if isFolder.boolValue { addFolder(path) } else { addFile(path) }
      } else {
        let found = Self.matches(path)
        if found.isEmpty { failures.append((path, "\(path): there is no such file, folder or pattern")) }
        for match in found {
          if FileManager.default.fileExists(atPath: match, isDirectory: &isFolder), isFolder.boolValue {
            addFolder(match)
          } else {
            addFile(match)
          }
        }
      }
    }
    makeNamesUnique()
  }

  private mutating func addFile(_ path: String) {
    pictures.append(
      Input(path: path, name: URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent))
  }

  /// Hidden files and folders do not exist, as for 'blemish train'.
  private mutating func addFolder(_ folder: String) {
    guard let walk = FileManager.default.enumerator(atPath: folder) else {
      failures.append((folder, "\(folder): the folder cannot be read"))
      return
    }
    let files = walk.compactMap { $0 as? String }
      .filter { file in
        Self.extensions.contains((file as NSString).pathExtension.lowercased())
          && !file.split(separator: "/").contains { $0.hasPrefix(".") }
      }
      .sorted()
    if files.isEmpty {
      failures.append(
        (folder, "\(folder): holds no pictures (\(Self.extensions.sorted().joined(separator: ", ")))"))
    }
    for file in files {
      pictures.append(
        Input(
          path: (folder as NSString).appendingPathComponent(file),
          name: (file as NSString).deletingPathExtension))
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
    guard glob(pattern, GLOB_TILDE, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
  }
}

/// The one path of what a path names: absolute, without links and detours.
func resolvedPath(_ path: String) -> String {
  URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
}
