/// Endings of files that go along with pictures and that nobody takes for pictures, in lower case.
private let companions: Set<String> = [
  "blemish", "cfg", "csv", "db", "doc", "docx", "gz", "html", "htm", "ini", "json", "log", "md", "npy", "npz",
  "ods", "pdf", "py", "rtf", "sh", "tar", "toml", "tsv", "txt", "xls", "xlsx", "xml", "yaml", "yml", "zip",
]

/// Names of files without an ending that nobody takes for pictures, in lower case.
private let companionNames: Set<String> = ["copying", "license", "licence", "makefile", "readme"]

extension Folder {
  /// What is passed over where only the pictures directly in the folder are read, counted by kind.
  ///
  /// - Parameter used: paths of folders whose pictures are read anyway.
  func leftOutFiles(used: Set<String> = []) -> [DatasetWarning] {
    leftOutByEnding() + leftOutHidden() + leftOutBelow(used: used)
  }

  private func leftOutByEnding() -> [DatasetWarning] {
    var counts: [String: Int] = [:]
    for name in otherFiles {
      let ending = fileExtension(name)
      let isCompanion =
        ending.isEmpty ? companionNames.contains(name.lowercased()) : companions.contains(ending)
      if !isCompanion { counts[ending, default: 0] += 1 }
    }
    return counts.sorted { $0.key < $1.key }.map {
      .leftOut(path: path, kind: .ending($0.key), count: $0.value)
    }
  }

  /// Pictures whose names begin with a point, and those in such folders.
  func leftOutHidden() -> [DatasetWarning] {
    let hidden = hiddenEntries
    var warnings: [DatasetWarning] = []
    // The Finder keeps what it knows about a file beside it, under its name with "._" before it.
    let pictures = hidden.filter {
      pictureExtensions.contains(fileExtension($0)) && !$0.hasPrefix("._") && !(self / $0).exists
    }
    if !pictures.isEmpty { warnings.append(.leftOut(path: path, kind: .hidden, count: pictures.count)) }
    for name in hidden where (self / name).exists {
      let count = (self / name).pictures.count
      if count > 0 { warnings.append(.leftOut(path: path, kind: .hiddenFolder(name), count: count)) }
    }
    return warnings
  }

  private func leftOutBelow(used: Set<String>) -> [DatasetWarning] {
    subfolders.compactMap { name in
      let count = used.contains(file(name)) ? 0 : (self / name).pictures.count
      return count == 0 ? nil : .leftOut(path: path, kind: .oneLevelDown(name), count: count)
    }
  }
}

extension Dataset {
  /// The data set with warnings about the files that lie among its pictures and are left out.
  ///
  /// - Parameter root: where the data set lies.
  func namingLeftOutFiles(root: Folder) -> Dataset {
    let samples = train + validation + test
    var used: Set<String> = []
    for sample in samples {
      used.insert(parent(sample.path))
      for mask in sample.groundTruth?.paths ?? [] { used.insert(parent(mask)) }
    }
    var dataset = self
    let folders = Set(samples.map { parent($0.path) })
    if !folders.contains(root.path) { dataset.warnings += root.leftOutHidden() }
    for folder in folders.sorted(by: naturallyPrecedes) {
      dataset.warnings += Folder(path: folder).leftOutFiles(used: used)
    }
    return dataset
  }
}

/// The folder that a file lies in.
private func parent(_ path: String) -> String {
  path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
