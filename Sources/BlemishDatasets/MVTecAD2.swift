/// MVTec AD 2 (Heckler-Kram et al., 2025). Only `test_public` comes with ground truth, so it is the test set;
/// the private ones are scored by MVTec's server.
enum MVTecAD2: CategoryLayout {
  static let format = DatasetFormat.mvtecAD2
  static let evidence = "train/good and test_public/ in the folder or in each category's"

  static func recognisesCategory(_ folder: Folder) -> Bool {
    (folder / "train").hasFolder(named: "good") && (folder / "test_public").exists
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    var samples = try goodTrainingSamples(folder)
    samples += goodSamples(folder, "validation", split: .validation)
    samples += goodSamples(folder, "test_public", split: .test)
    let bad = folder / "test_public" / "bad"
    let masks = folder / "test_public" / "ground_truth" / "bad"
    let pairing = MaskPairing(
      pictures: bad.pictures,
      in: bad,
      candidates: masks.pictures,
      maskFolder: masks,
      suffixes: ["_mask"]
    )
    try pairing.requireAll(in: folder.path)
    samples += bad.pictures.map {
      Sample(
        path: bad.file($0),
        name: "test_public/bad/\($0)",
        split: .test,
        defectType: "bad",
        groundTruth: pairing.masks[$0].map { .picture($0) }
      )
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: pairing.warnings)
  }
}
