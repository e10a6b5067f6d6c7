/// KolektorSDD2 (Božič et al., Computers in Industry 2021): `train/NAME.png` with its mask
/// `train/NAME_GT.png`, the same for `test`; a picture with an empty mask is good. The defective training
/// pictures are left out, because only good ones are learnt from.
enum KolektorSDD2: DatasetLayout {
  static let format = DatasetFormat.kolektorSDD2
  static let evidence = "train/NAME.png with train/NAME_GT.png, and the same in test/"

  static func recognises(_ folder: Folder) -> Bool {
    (folder / "test").exists && (folder / "train").pictures.contains { stem($0).hasSuffix("_GT") }
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    var samples: [Sample] = []
    var warnings: [DatasetWarning] = []
    for (part, split) in [("train", Split.train), ("test", Split.test)] {
      let own = folder / part
      let all = own.pictures
      let pictures = all.filter { !stem($0).hasSuffix("_GT") }
      let pairing = MaskPairing(
        pictures: pictures,
        in: own,
        candidates: all.filter { stem($0).hasSuffix("_GT") },
        maskFolder: own,
        suffixes: ["_GT"]
      )
      try pairing.requireAll(in: folder.path)
      warnings += pairing.warnings
      var leftOut = 0
      for picture in pictures {
        guard let mask = pairing.masks[picture] else { continue }
        let isAnomalous = try GroundTruth.picture(mask).marksAnything()
        if isAnomalous && split == .train {
          leftOut += 1
          continue
        }
        samples.append(
          Sample(
            path: own.file(picture),
            name: "\(part)/\(picture)",
            split: split,
            defectType: isAnomalous ? "defect" : Sample.good,
            groundTruth: isAnomalous ? .picture(mask) : nil
          )
        )
      }
      if leftOut > 0 { warnings.append(.defectiveNotLearnt(path: own.path, count: leftOut)) }
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }
}
