/// A user's own folder: pictures directly in it are all good; or `good` beside one folder per defect type,
/// with masks, if there are any, as `ground_truth/DEFECT/NAME_mask.png`, `masks/DEFECT/NAME.png` or
/// `NAME_mask.png` beside the picture.
enum PictureFolder: DatasetLayout {
  static let format = DatasetFormat.folder
  static let evidence = "pictures in the folder, or a folder \"good\" beside one for each kind of defect"

  private static let maskFolders = ["ground_truth", "masks", "mask"]

  static func recognises(_ folder: Folder) -> Bool {
    !folder.isFile && (folder.hasPictures || !folder.goodFolders.isEmpty)
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    if folder.hasPictures {
      let pictures = GoodPictures(folder)
      let samples = pictures.names.map { Sample(path: folder.file($0), name: $0, split: .train) }
      return Dataset(name: folder.name, format: format, samples: samples, warnings: pictures.warnings)
    }

    var warnings: [DatasetWarning] = []
    let goodParts = folder.goodFolders
    let good = goodParts.flatMap { part -> [String] in
      let pictures = GoodPictures(folder / part)
      warnings += pictures.warnings
      return pictures.names.map { "\(part)/\($0)" }
    }
    guard !good.isEmpty else {
      let part = folder / (goodParts.first ?? Sample.good)
      let leftOut = part.leftOutFiles()
      throw leftOut.isEmpty
        ? DatasetError.noGoodPictures(path: part.path)
        : DatasetError.noPictures(path: part.path, leftOut: leftOut)
    }
    let defective = folder.subfolders
      .filter { !goodParts.contains($0) && !maskFolders.contains($0.lowercased()) }
      .flatMap { defectSamples(folder, defect: $0, warnings: &warnings) }
    let training = defective.isEmpty ? Set(good) : options.trainingNames(good)
    let samples = good.map {
      Sample(path: folder.file($0), name: $0, split: training.contains($0) ? .train : .test)
    }
    return Dataset(name: folder.name, format: format, samples: samples + defective, warnings: warnings)
  }

  private static func defectSamples(_ folder: Folder, defect: String, warnings: inout [DatasetWarning])
    -> [Sample]
  {
    let own = folder / defect
    let all = own.pictures
    let stems = Set(all.map(stem))
    let besides = all.filter {
      stem($0).hasSuffix("_mask") && stems.contains(String(stem($0).dropLast("_mask".count)))
    }
    let pictures = all.filter { !besides.contains($0) }
    let maskParts = folder.subfolders.filter { maskFolders.contains($0.lowercased()) }
    let apart = maskParts.map { folder / $0 / defect }.first { $0.exists }
    let maskFolder = besides.isEmpty ? apart ?? own : own
    let pairing = MaskPairing(
      pictures: pictures,
      in: own,
      candidates: besides.isEmpty ? apart?.pictures ?? [] : besides,
      maskFolder: maskFolder,
      suffixes: ["_mask", ""]
    )
    warnings += pairing.warnings
    if !pairing.masks.isEmpty {
      warnings += pairing.missing.map { .pictureWithoutMask(path: $0.picture, expected: $0.expected) }
    }
    return pictures.map {
      Sample(
        path: own.file($0),
        name: "\(defect)/\($0)",
        split: .test,
        defectType: defect,
        groundTruth: pairing.masks[$0].map { .picture($0) }
      )
    }
  }
}
