/// MVTec LOCO AD (Bergmann et al., IJCV 2022): logical and structural anomalies. A picture's masks are the
/// files in `ground_truth/DEFECT/NAME/`, one per anomaly, whose values name the kind; together they are its
/// mask.
enum MVTecLOCO: CategoryLayout {
  static let format = DatasetFormat.mvtecLOCO
  static let evidence =
    "train/good and test/logical_anomalies or test/structural_anomalies in the folder or in each category's"

  private static let defects = ["logical_anomalies", "structural_anomalies"]

  static func recognisesCategory(_ folder: Folder) -> Bool {
    (folder / "train" / "good").exists && defects.contains { (folder / "test" / $0).exists }
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    var samples = goodSamples(folder, "train", "good", split: .train)
    guard !samples.isEmpty else {
      throw DatasetError(folder.file("train/good"), "holds no pictures; training needs good ones there")
    }
    samples += goodSamples(folder, "validation", "good", split: .validation)
    samples += goodSamples(folder, "test", "good", split: .test)
    var warnings: [String] = []
    for defect in defects {
      let pictures = (folder / "test" / defect).pictures
      for picture in pictures {
        let masks = folder / "ground_truth" / defect / stem(picture)
        let files = masks.pictures.map(masks.file)
        guard !files.isEmpty else {
          throw DatasetError(
            (folder / "test" / defect).file(picture),
            "has no mask; expected \(masks.file("000.png"))"
          )
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
        warnings.append(
          "\(folder.file("ground_truth/\(defect)/\(surplus)")): masks without a picture, not used"
        )
      }
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }
}
