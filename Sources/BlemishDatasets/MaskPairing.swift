/// Finds the mask of each picture by name, and tells which are missing or left over.
struct MaskPairing {
  /// The mask's path by the picture's name.
  private(set) var masks: [String: String] = [:]
  /// Pictures without a mask.
  private(set) var missing: [DatasetError.MissingMask] = []
  /// Masks without a picture.
  private(set) var surplus: [String] = []

  /// - Parameters:
  ///   - pictures: names in `folder`.
  ///   - candidates: names of mask files in `maskFolder`.
  ///   - suffixes: what may follow the picture's name (without its ending) in the mask's, the usual one first.
  init(
    pictures: [String],
    in folder: Folder,
    candidates: [String],
    maskFolder: Folder,
    suffixes: [String]
  ) {
    let byStem = Dictionary(candidates.map { (stem($0), $0) }, uniquingKeysWith: { first, _ in first })
    var used: Set<String> = []
    for picture in pictures {
      if let found = suffixes.lazy.compactMap({ byStem[stem(picture) + $0] }).first {
        masks[picture] = maskFolder.file(found)
        used.insert(found)
      } else {
        let expected = stem(picture) + (suffixes.first ?? "") + ".png"
        missing.append(.init(picture: folder.file(picture), expected: maskFolder.file(expected)))
      }
    }
    surplus = candidates.filter { !used.contains($0) }.map(maskFolder.file)
  }

  /// - Throws: `DatasetError` that names pictures without a mask, if there are any.
  func requireAll(in path: String) throws {
    guard !missing.isEmpty else { return }
    throw DatasetError.noMasks(path: path, missing: missing)
  }

  var warnings: [DatasetWarning] { surplus.map { .maskWithoutPicture(path: $0) } }
}
