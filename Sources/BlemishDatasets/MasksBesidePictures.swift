import BlemishImaging
import BlemishSupport
import Foundation

/// The pictures in a folder of good parts, without the masks that lie among them.
///
/// A mask is known by its name (`NAME_mask.png` beside `NAME.png`), by a second file of the picture's name that
/// is black and white, or by being all black.
struct GoodPictures {
  /// The names of the pictures to learn from.
  private(set) var names: [String]
  /// What is left out.
  private(set) var warnings: [DatasetWarning] = []

  private static let suffixes = ["_mask", "_gt"]

  init(_ folder: Folder) {
    let all = folder.pictures
    let masks = Self.masksByName(all).merging(Self.masksBesidePhotographs(all, in: folder)) { $1 }
    let black = Self.blackPictures(all.filter { masks[$0] == nil }, in: folder)
    let marked = Set(
      masks.filter { (try? GroundTruth.picture(folder.file($0.key)).marksAnything()) ?? false }.map(\.value))
    let left = all.filter { masks[$0] != nil || black.contains($0) }
    names = all.filter { masks[$0] == nil && !black.contains($0) && !marked.contains(stem($0)) }
    if let first = left.first {
      warnings.append(.masksNotLearnt(path: folder.path, count: left.count, example: first))
    }
    let markedNames = all.filter { masks[$0] == nil && marked.contains(stem($0)) }
    if let first = markedNames.first {
      warnings.append(.markedNotLearnt(path: folder.path, count: markedNames.count, example: first))
    }
  }

  /// Masks that have their pictures' names and a suffix; by each mask the name of its picture without ending.
  private static func masksByName(_ names: [String]) -> [String: String] {
    let stems = Set(names.map(stem))
    var masks: [String: String] = [:]
    for name in names {
      let own = stem(name)
      guard let suffix = suffixes.first(where: { own.lowercased().hasSuffix($0) }) else { continue }
      let picture = String(own.dropLast(suffix.count))
      if stems.contains(picture) { masks[name] = picture }
    }
    return masks
  }

  /// Black and white files, each beside a JPEG file of the same name.
  private static func masksBesidePhotographs(_ names: [String], in folder: Folder) -> [String: String] {
    let photographs = Set(names.filter { jpegExtensions.contains(fileExtension($0)) }.map(stem))
    var masks: [String: String] = [:]
    for name in names
    where photographs.contains(stem(name)) && !jpegExtensions.contains(fileExtension(name)) {
      guard let picture = try? Picture(contentsOf: folder.file(name)) else { continue }
      if picture.isBlackAndWhite { masks[name] = stem(name) }
    }
    return masks
  }

  /// Pictures that are black throughout. Only files much smaller than the usual one are read, because black
  /// takes little room.
  private static func blackPictures(_ names: [String], in folder: Folder) -> Set<String> {
    let sizes = names.map { FileStatus(folder.file($0))?.byteCount ?? 0 }
    guard let usual = sizes.sorted().dropFirst(sizes.count / 2).first else { return [] }
    let small = zip(names, sizes).filter { $0.1 > 0 && $0.1 < usual / 4 }.map(\.0)
    return Set(
      small.filter { name in
        guard let picture = try? Picture(contentsOf: folder.file(name)) else { return false }
        return picture.isBlack
      })
  }
}

extension Picture {
  /// Whether no value is above one part in a hundred of white.
  fileprivate var isBlack: Bool {
    switch samples {
    case .eightBit(let values): values.allSatisfy { $0 < 3 }
    case .sixteenBit(let values): values.allSatisfy { $0 < 656 }
    }
  }

  /// Whether nearly all values are black or white.
  fileprivate var isBlackAndWhite: Bool {
    let between =
      switch samples {
      case .eightBit(let values): values.count { $0 > 2 && $0 < 253 }
      case .sixteenBit(let values): values.count { $0 > 655 && $0 < 64_880 }
      }
    return Double(between) < 0.05 * Double(samples.count)
  }
}
