import BlemishCore
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
  private let replacing: AtomicFile.Replacement

  /// A writer into a folder, which is made if there is none.
  /// - Throws: `FileSystemError` where nothing can be written there, or a picture of somebody's would be overwritten.
  init(folder: String, inputs: [InputPictures.Input], replacing: AtomicFile.Replacement) throws {
    self.inputs = inputs
    self.replacing = replacing
    self.folder = folder
    try makeFolder(folder)
    // Whether it can be written in, and what is there may be replaced, is known before anything is judged.
    try AtomicFile.check(folder + "/.blemish-results")
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
    return ResultFiles(overlay: base + "_overlay.png", heat: base + "_heat.png", mask: base + "_mask.png")
  }

  /// Writes the pictures of a finding.
  /// - Returns: the files by what they show.
  func write(_ found: Finding, index: Int) throws -> [String: String] {
    let inspection = found.inspection
    let picture = inspection.frame.picture
    let heat = inspection.anomalyMap.resized(width: picture.width, height: picture.height)
    let shown = [
      heat.heatMap(range: 0...1), found.mask.picture,
      picture.overlaid(with: heat, range: 0...1).outlined(found.mask),
    ]
    let files = files(index)
    do {
      try makeFolder(folderName(files.mask))
      for (picture, path) in zip(shown, [files.heat, files.mask, files.overlay]) {
        try picture.write(result: path, replacing: replacing)
      }
    } catch {
      throw OutputError(description: ErrorAdvice.text(of: error))
    }
    return files.named
  }
}
