import ArgumentParser
import BlemishCore
import BlemishDatasets
import BlemishSupport
import Foundation

/// The pictures that belong to one prediction.
struct ResultFiles {
  var overlay: String
  var heat: String
  var mask: String

  /// The files by what they show.
  var named: [String: String] { ["overlay": overlay, "heat": heat, "mask": mask] }
}

/// Writes overlays, heat maps and masks at the pictures' own size.
struct ResultWriter: Sendable {
  private let folder: String
  private let inputs: [InputPictures.Input]
  private let heatMap: HeatMap
  private let replacing: AtomicFile.Replacement

  /// The forms of heat maps.
  enum HeatMap: String, CaseIterable, ExpressibleByArgument {
    /// In colours.
    case png
    /// log10 NFA in 32-bit numbers.
    case raw
  }

  /// A writer into a folder, which is made if there is none.
  /// - Throws: `FileSystemError` where nothing can be written there, or a picture of somebody's would be overwritten.
  init(
    folder: String, inputs: [InputPictures.Input], heatMap: HeatMap = .png, replacing: AtomicFile.Replacement
  ) throws {
    self.inputs = inputs
    self.heatMap = heatMap
    self.replacing = replacing
    self.folder = folder
    try makeFolder(folder)
    let place = resolvedPath(folder) + "/"
    if let inside = inputs.first(where: { resolvedPath($0.path).hasPrefix(place) }) {
      // Below a folder of its own, results can be told from pictures to judge.
      let isOwn = FileStatus(folder + "/" + resultsMark) != nil
      throw OutputError(
        description: isOwn
          ? "\(printable(inside.path)): lies among the results in \(printable(folder)) and is not judged"
          : "\(printable(folder)): holds pictures to judge, such as \(printable(inside.path)); name a folder of its own "
            + "for the results, such as \(printable(folder))/results")
    }
    // Whether it can be written in, and what is there may be replaced, is known before anything is judged.
    let mark = folder + "/" + resultsMark
    try AtomicFile.check(mark)
    if FileStatus(mark) == nil {
      try writeText("The pictures here are results of 'blemish predict', which passes over them.\n", to: mark)
    }
    let pictures = Set(inputs.compactMap { FileIdentity($0.path) })
    for index in inputs.indices {
      let results = files(index)
      for path in [results.overlay, results.heat, results.mask] where FileStatus(path) != nil {
        if let own = FileIdentity(path), pictures.contains(own) {
          throw OutputError(
            description:
              "\(printable(path)): is one of the pictures to judge and would be overwritten; name another "
              + "--output")
        }
        try AtomicFile.check(path, replacing: replacing)
      }
    }
  }

  private func files(_ index: Int) -> ResultFiles {
    let place = inputs[index].name
    let start = place.lastIndex(of: "/").map { place.index(after: $0) } ?? place.startIndex
    var name = place[start...]
    // What is too long for a file system with an ending more is cut, and told apart by its number.
    if fileNameBytes(String(name)).count > 240 {
      while fileNameBytes(String(name)).count > 220 { name.removeLast() }
      name += "~\(index)"
    }
    let base = "\(folder)/\(place[..<start])\(name)"
    return ResultFiles(
      overlay: base + "_overlay.png", heat: base + (heatMap == .raw ? "_heat.tiff" : "_heat.png"),
      mask: base + "_mask.png")
  }

  /// Writes the outlines of a finding's regions.
  /// - Returns: the file.
  func write(svg: String, index: Int) throws -> String {
    let path = files(index).mask.dropLast("_mask.png".count) + "_outlines.svg"
    do {
      try writeText(svg, to: String(path), replacing: replacing)
    } catch {
      throw OutputError(description: ErrorAdvice.text(of: error))
    }
    return String(path)
  }

  /// Writes the pictures of a finding.
  /// - Returns: the files by what they show.
  func write(_ found: Finding, index: Int) throws -> [String: String] {
    let files = files(index)
    do {
      try makeFolder(folderName(files.mask))
      try found.mask.picture.write(result: files.mask, replacing: replacing)
      try found.overlay().write(result: files.overlay, replacing: replacing)
      switch heatMap {
      case .png: try found.heatMap().write(result: files.heat, replacing: replacing)
      case .raw: try found.significance().write(tiff: files.heat, replacing: replacing)
      }
    } catch {
      throw OutputError(description: ErrorAdvice.text(of: error))
    }
    return files.named
  }
}
