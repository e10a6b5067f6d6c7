/// MVTec AD (Bergmann et al., CVPR 2019): 15 categories, masks as `ground_truth/DEFECT/NAME_mask.png`.
enum MVTecAD: CategoryLayout {
  static let format = DatasetFormat.mvtecAD
  static let evidence =
    "train/good and test/ in the folder or in each category's (masks in ground_truth/DEFECT/NAME_mask.png)"

  static func recognisesCategory(_ folder: Folder) -> Bool {
    (folder / "train").hasFolder(named: "good") || (folder / "train").hasFolder(named: "normal")
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    try readGoodAndDefects(folder, format: format)
  }
}

extension CategoryLayout {
  /// Reads a category laid out as MVTec AD's is: `train/good`, `test/good`, `test/DEFECT` and, if the data
  /// set comes with masks at all, one for every anomalous picture in `ground_truth/DEFECT`. The good folders
  /// may be called `ok` or `normal`, too, in capitals or not.
  ///
  /// - Parameter masksAreLabels: whether every mask value but 0 is marked, not only bright ones.
  /// - Throws: `DatasetError` that names what is missing.
  static func readGoodAndDefects(
    _ folder: Folder,
    format: DatasetFormat,
    masksAreLabels: Bool = false
  ) throws -> Dataset {
    var warnings: [DatasetWarning] = []
    var samples = try goodTrainingSamples(folder, warnings: &warnings)
    let good = (folder / "train").goodFolders
    for other in (folder / "train").subfolders where !good.contains(other) {
      warnings.append(
        .folderNotUsed(
          path: folder.file("train/\(other)"), used: good.map { "train/\($0)" }.joined(separator: ", "))
      )
    }
    samples += goodSamples(folder, "test", split: .test)

    let hasMasks = (folder / "ground_truth").exists
    let goodTests = (folder / "test").goodFolders
    let defects = (folder / "test").subfolders.filter { !goodTests.contains($0) }
    for defect in defects {
      let pictures = (folder / "test" / defect).pictures
      let masks = folder / "ground_truth" / defect
      let pairing = MaskPairing(
        pictures: pictures,
        in: folder / "test" / defect,
        candidates: masks.pictures,
        maskFolder: masks,
        suffixes: ["_mask", ""]
      )
      if hasMasks { try pairing.requireAll(in: folder.path) }
      warnings += pairing.warnings
      samples += pictures.map { picture in
        let mask = pairing.masks[picture]
        return Sample(
          path: (folder / "test" / defect).file(picture),
          name: "test/\(defect)/\(picture)",
          split: .test,
          defectType: defect,
          groundTruth: mask.map { masksAreLabels ? .labels([$0]) : .picture($0) }
        )
      }
    }
    let maskFolders = folder / "ground_truth"
    let goodMasks = maskFolders.goodFolders
    for other in maskFolders.subfolders where !goodMasks.contains(other) && !defects.contains(other) {
      warnings.append(.masksWithoutPictures(path: maskFolders.file(other)))
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }

  /// The good pictures in `PART/good` of a category.
  static func goodSamples(_ folder: Folder, _ part: String, split: Split) -> [Sample] {
    (folder / part).goodFolders.flatMap { good in
      goodSamples(folder, "\(part)/\(good)", (folder / part / good).pictures, split: split)
    }
  }

  /// The good pictures in `train/good` of a category.
  /// - Throws: `DatasetError` if there are none.
  static func goodTrainingSamples(_ folder: Folder) throws -> [Sample] {
    let samples = goodSamples(folder, "train", split: .train)
    try requireGood(samples, in: folder)
    return samples
  }

  /// The good pictures in `train/good` of a category, without masks that lie among them.
  /// - Throws: `DatasetError` if there are none.
  private static func goodTrainingSamples(
    _ folder: Folder, warnings: inout [DatasetWarning]
  ) throws -> [Sample] {
    var samples: [Sample] = []
    for good in (folder / "train").goodFolders {
      let pictures = GoodPictures(folder / "train" / good)
      warnings += pictures.warnings
      samples += goodSamples(folder, "train/\(good)", pictures.names, split: .train)
    }
    try requireGood(samples, in: folder)
    return samples
  }

  private static func goodSamples(
    _ folder: Folder, _ part: String, _ names: [String], split: Split
  ) -> [Sample] {
    names.map { Sample(path: folder.file("\(part)/\($0)"), name: "\(part)/\($0)", split: split) }
  }

  private static func requireGood(_ samples: [Sample], in folder: Folder) throws {
    guard samples.isEmpty else { return }
    let good = (folder / "train").goodFolders.first ?? Sample.good
    throw DatasetError.noGoodPictures(path: folder.file("train/\(good)"))
  }
}
