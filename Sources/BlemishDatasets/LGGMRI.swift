/// LGG MRI segmentation (Buda et al., 2019): a folder per patient, a slice `NAME.tif` with its mask
/// `NAME_mask.tif`; a slice with an empty mask is normal. No split is published: part of the patients, chosen
/// by seed, are for training (their normal slices), all slices of the others for testing.
enum LGGMRI: DatasetLayout {
  static let format = DatasetFormat.lggMRI
  static let evidence = "a folder for each patient (also inside kaggle_3m) with NAME.tif and NAME_mask.tif"

  /// A folder "good" beside the others is a user's own, whose defects may have masks beside them, too.
  static func recognises(_ folder: Folder) -> Bool {
    !patients(root(folder)).isEmpty && folder.goodFolders.isEmpty
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    let root = root(folder)
    let patients = patients(root)
    let training = options.trainingNames(patients)
    var samples: [Sample] = []
    var warnings: [DatasetWarning] = []
    for patient in patients {
      let own = root / patient
      let files = own.files(endingIn: ["tif", "tiff"])
      let slices = files.filter { !stem($0).hasSuffix("_mask") }
      let pairing = MaskPairing(
        pictures: slices,
        in: own,
        candidates: files.filter { stem($0).hasSuffix("_mask") },
        maskFolder: own,
        suffixes: ["_mask"]
      )
      try pairing.requireAll(in: own.path)
      warnings += pairing.warnings
      for slice in slices {
        guard let mask = pairing.masks[slice] else { continue }
        let isAnomalous = try GroundTruth.picture(mask).marksAnything()
        guard !isAnomalous || !training.contains(patient) else { continue }
        samples.append(
          Sample(
            path: own.file(slice),
            name: "\(patient)/\(slice)",
            split: training.contains(patient) ? .train : .test,
            defectType: isAnomalous ? "tumour" : Sample.good,
            groundTruth: isAnomalous ? .picture(mask) : nil,
            group: patient
          )
        )
      }
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }

  private static func root(_ folder: Folder) -> Folder {
    let inner = folder / "kaggle_3m"
    return inner.exists ? inner : folder
  }

  private static func patients(_ folder: Folder) -> [String] {
    folder.subfolders.filter {
      (folder / $0).files(endingIn: ["tif", "tiff"]).contains { stem($0).hasSuffix("_mask") }
    }
  }
}
