import Blemish
import Foundation
import Imaging

/// The pictures that belong to one prediction.
struct ResultFiles: Encodable {
  var overlay: String
  var heat: String
  var mask: String
}

/// Why a result could not be written; the pictures after it would fare no better.
struct OutputError: Error, CustomStringConvertible {
  let description: String
}

/// Writes overlays, heat maps and masks at the pictures' own size.
struct ResultWriter {
  private let folder: String
  private let inputs: [InputPictures.Input]

  /// A writer into a folder, which is made if there is none.
  /// - Throws: ``ConfigurationError`` where nothing can be written there, or a picture to judge or a mask of somebody's
  ///   would be overwritten.
  init(folder: String, inputs: [InputPictures.Input]) throws {
    self.folder = folder
    self.inputs = inputs
    try makeFolder(folder)
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw ConfigurationError("\(folder): there is no permission to write in it")
    }
    let pictures = Set(inputs.map { resolvedPath($0.path) })
    for index in inputs.indices {
      let results = files(index)
      for path in [results.overlay, results.heat, results.mask] where pictures.contains(resolvedPath(path)) {
        throw ConfigurationError(
          "\(path): is one of the pictures to judge and would be overwritten; name another --output")
      }
      // Ground truth has names like ours, but no heat map beside it.
      if FileManager.default.fileExists(atPath: results.mask),
        !FileManager.default.fileExists(atPath: results.heat)
      {
        throw ConfigurationError(
          "\(results.mask): is no earlier result, as no heat map lies beside it, and would be overwritten; name "
            + "another --output")
      }
    }
  }

  private func files(_ index: Int) -> ResultFiles {
    let place = inputs[index].name
    let start = place.lastIndex(of: "/").map { place.index(after: $0) } ?? place.startIndex
    var name = place[start...]
    // What is too long for a file system with an ending more is cut, and told apart by its number.
    if name.utf8.count > 240 {
      while name.utf8.count > 220 { name.removeLast() }
      name += "~\(index)"
    }
    let base = (folder as NSString).appendingPathComponent(String(place[..<start] + name))
    return ResultFiles(overlay: base + "_overlay.png", heat: base + "_heat.png", mask: base + "_mask.png")
  }

  func write(_ found: Finding, index: Int) throws -> ResultFiles {
    let inspection = found.inspection
    let files = files(index)
    let picture = try Picture(contentsOf: inspection.path)
    let heat = inspection.anomalyMap.resized(width: inspection.width, height: inspection.height)
    do {
      try makeFolder((files.mask as NSString).deletingLastPathComponent)
      try heat.heatMap(range: 0...1).write(png: files.heat)
      try found.mask.picture.write(png: files.mask)
      try picture.overlaid(with: heat, range: 0...1).outlined(found.mask).write(png: files.overlay)
    } catch {
      throw OutputError(description: "\(error)")
    }
    return files
  }
}
