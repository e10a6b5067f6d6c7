/// BeanTech AD (Mishra et al., ISIE 2021): categories 01 to 03, pictures and masks as bmp or png.
enum BTAD: CategoryLayout {
  static let format = DatasetFormat.btad
  static let evidence =
    "train/ok and test/ok, test/ko in the folder or in 01, 02, 03 (masks in ground_truth/ko)"

  static func recognisesCategory(_ folder: Folder) -> Bool { (folder / "train").hasFolder(named: "ok") }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    try readGoodAndDefects(folder, format: format)
  }
}
