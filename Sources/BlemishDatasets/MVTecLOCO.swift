/// MVTec LOCO AD (Bergmann et al., IJCV 2022): logical and structural anomalies. A picture's masks are the
/// files in `ground_truth/DEFECT/NAME/`, one per anomaly, whose values name the kind; together they are its
/// mask.
enum MVTecLOCO: CategoryLayout {
  static let format = DatasetFormat.mvtecLOCO
  static let evidence =
    "train/good and test/logical_anomalies or test/structural_anomalies in the folder or in each category's"

  private static let defects = ["logical_anomalies", "structural_anomalies"]

  static func recognisesCategory(_ folder: Folder) -> Bool {
    (folder / "train").hasFolder(named: "good") && defects.contains { (folder / "test" / $0).exists }
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    var samples = try goodTrainingSamples(folder)
    samples += goodSamples(folder, "validation", split: .validation)
    samples += goodSamples(folder, "test", split: .test)
    var warnings: [DatasetWarning] = []
    for defect in defects {
      let pictures = (folder / "test" / defect).pictures
      for picture in pictures {
        let masks = folder / "ground_truth" / defect / stem(picture)
        let files = masks.pictures.map(masks.file)
        guard !files.isEmpty else {
          throw DatasetError.noMasks(
            path: folder.path,
            missing: [
              .init(picture: (folder / "test" / defect).file(picture), expected: masks.file("000.png"))
            ])
        }
        samples.append(
          Sample(
            path: (folder / "test" / defect).file(picture),
            name: "test/\(defect)/\(picture)",
            split: .test,
            defectType: defect,
            groundTruth: .labels(files)
          )
        )
      }
      let known = Set(pictures.map(stem))
      for surplus in (folder / "ground_truth" / defect).subfolders where !known.contains(surplus) {
        warnings.append(.masksWithoutPictures(path: folder.file("ground_truth/\(defect)/\(surplus)")))
      }
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }
}
