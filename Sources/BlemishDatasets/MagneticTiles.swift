/// The magnetic tiles (Huang et al., The Visual Computer 2020): `MT_DEFECT/Imgs/NAME.jpg` with its mask
/// `NAME.png` beside it; `MT_Free` are the good ones. The authors publish no split; as in DifferNet and
/// CS-Flow, 80% of the good tiles are for training, the others and all defective ones for testing.
enum MagneticTiles: DatasetLayout {
  static let format = DatasetFormat.magneticTiles
  static let evidence =
    "MT_Free/Imgs/NAME.jpg, and MT_Crack/Imgs and the like with masks NAME.png beside them"

  static func recognises(_ folder: Folder) -> Bool { (folder / "MT_Free" / "Imgs").exists }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    var samples: [Sample] = []
    var warnings: [DatasetWarning] = []
    for part in folder.subfolders where part.hasPrefix("MT_") {
      let tiles = folder / part / "Imgs"
      let pictures = tiles.files(endingIn: ["jpg"])
      let pairing = MaskPairing(
        pictures: pictures,
        in: tiles,
        candidates: tiles.files(endingIn: ["png"]),
        maskFolder: tiles,
        suffixes: [""]
      )
      warnings += pairing.warnings
      let isGood = part == "MT_Free"
      // The masks of good tiles are empty, so a missing one is no loss.
      if !isGood { try pairing.requireAll(in: folder.path) }
      let training = isGood ? options.trainingNames(pictures) : []
      samples += pictures.map {
        Sample(
          path: tiles.file($0),
          name: "\(part)/Imgs/\($0)",
          split: training.contains($0) ? .train : .test,
          defectType: isGood ? Sample.good : part.dropFirst(3).lowercased(),
          groundTruth: isGood ? nil : pairing.masks[$0].map { .picture($0) }
        )
      }
    }
    guard samples.contains(where: { $0.split == .train }) else {
      throw DatasetError.noGoodPictures(path: folder.file("MT_Free/Imgs"))
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }
}
