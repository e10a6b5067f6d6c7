/// MVTec AD (Bergmann et al., CVPR 2019): 15 categories, masks as `ground_truth/DEFECT/NAME_mask.png`.
enum MVTecAD: CategoryLayout {
  static let format = DatasetFormat.mvtecAD
  static let evidence =
    "train/good and test/ in the folder or in each category's (masks in ground_truth/DEFECT/NAME_mask.png)"

  static func recognisesCategory(_ folder: Folder) -> Bool {
    (folder / "train" / "good").exists
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    try readGoodAndDefects(folder, format: format, good: "good")
  }
}

extension CategoryLayout {
  /// Reads a category laid out as MVTec AD's is: `train/GOOD`, `test/GOOD`, `test/DEFECT` and, if the data
  /// set comes with masks at all, one for every anomalous picture in `ground_truth/DEFECT`.
  ///
  /// - Parameters:
  ///   - good: the name of the folders with good pictures.
  ///   - masksAreLabels: whether every mask value but 0 is marked, not only bright ones.
  /// - Throws: `DatasetError` that names what is missing.
  static func readGoodAndDefects(
    _ folder: Folder,
    format: DatasetFormat,
    good: String,
    masksAreLabels: Bool = false
  ) throws -> Dataset {
    var warnings: [String] = []
    var samples = goodSamples(folder, "train", good, split: .train)
    guard !samples.isEmpty else {
      throw DatasetError(folder.file("train/\(good)"), "holds no pictures; training needs good ones there")
    }
    for other in (folder / "train").subfolders where other != good {
      warnings.append("\(folder.file("train/\(other)")): not used, training uses only train/\(good)")
    }
    samples += goodSamples(folder, "test", good, split: .test)

    let hasMasks = (folder / "ground_truth").exists
    let defects = (folder / "test").subfolders.filter { $0 != good }
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
    for other in (folder / "ground_truth").subfolders where other != good && !defects.contains(other) {
      warnings.append("\(folder.file("ground_truth/\(other)")): masks without pictures, not used")
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }

  /// The good pictures in `PART/GOOD` of a category.
  static func goodSamples(_ folder: Folder, _ part: String, _ good: String, split: Split) -> [Sample] {
    (folder / part / good).pictures.map {
      Sample(path: (folder / part / good).file($0), name: "\(part)/\(good)/\($0)", split: split)
    }
  }
}
