import Datasets
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

  private mutating func addFolder(_ folder: String) {
    let failed = failures.count
    let files = files(in: folder, below: "", inside: []).sorted()
    if files.isEmpty && failures.count == failed {
      failures.append(
        (folder, "\(folder): holds no pictures (\(pictureExtensions.sorted().joined(separator: ", ")))"))
    }
    for file in files {
      pictures.append(
        Input(
          path: (folder as NSString).appendingPathComponent(file),
          name: (file as NSString).deletingPathExtension))
    }
  }

  /// The pictures in a folder and those below it, by their places there. Hidden files and folders do not exist, as for
  /// 'blemish train'. Links are followed, but for those that lead back.
  private mutating func files(in root: String, below place: String, inside: Set<String>) -> [String] {
    let folder = (root as NSString).appendingPathComponent(place)
    let resolved = resolvedPath(folder)
    guard !inside.contains(resolved) else { return [] }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      failures.append((folder, "\(folder): cannot be read: \(error.localizedDescription)"))
      return []
    }
    return names.filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      let file = (place as NSString).appendingPathComponent(name)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(
        atPath: (root as NSString).appendingPathComponent(file), isDirectory: &isFolder), isFolder.boolValue
      {
        return files(in: root, below: file, inside: inside.union([resolved]))
      }
      return pictureExtensions.contains((file as NSString).pathExtension.lowercased()) ? [file] : []
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
