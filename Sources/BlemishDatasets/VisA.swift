/// VisA (Zou et al., ECCV 2022): as published, with the one-class split in `split_csv/1cls.csv`; or
/// reorganised by the authors' script into MVTec's layout, `CATEGORY/test/bad` with masks
/// `CATEGORY/ground_truth/bad/NAME.png`. Mask values name the kind of defect, so every value but 0 is marked.
enum VisA: CategoryLayout {
  static let format = DatasetFormat.visa
  static let evidence =
    "split_csv/1cls.csv, or train/good and test/bad with masks ground_truth/bad/NAME.png in each category"

  private static let listing = "split_csv/1cls.csv"

  static func recognises(_ folder: Folder) -> Bool {
    folder.contains(listing) || recognisesCategory(folder)
      || folder.subfolders.contains { recognisesCategory(folder / $0) }
  }

  static func recognisesCategory(_ folder: Folder) -> Bool {
    let masks = (folder / "ground_truth" / "bad").pictures
    return (folder / "train").hasFolder(named: "good") && (folder / "test" / "bad").exists && !masks.isEmpty
      && !masks.contains { stem($0).hasSuffix("_mask") }
  }

  static func categories(_ folder: Folder) throws -> [String] {
    guard folder.contains(listing) else {
      return recognisesCategory(folder) ? [] : folder.subfolders.filter { recognisesCategory(folder / $0) }
    }
    return try published(folder).categories
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    guard folder.contains(listing) else { return try readCategory(category.map { folder / $0 } ?? folder) }
    return try published(folder)
      .dataset(name: category ?? folder.name, format: format, category: category, options: options)
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    try readGoodAndDefects(folder, format: format, masksAreLabels: true)
  }

  private static func published(_ folder: Folder) throws -> Listing {
    let path = folder.file(listing)
    return try Listing(table: CSVTable(path: path), path: path, base: folder, masksAreLabels: true)
  }
}
