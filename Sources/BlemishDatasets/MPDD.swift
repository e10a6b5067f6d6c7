/// MPDD, the Metal Parts Defect Detection data set (Jezek et al., ICUMT 2021): six categories in MVTec AD's
/// layout.
enum MPDD: CategoryLayout {
  static let format = DatasetFormat.mpdd
  static let evidence =
    "MVTec AD's layout in bracket_black, bracket_brown, bracket_white, connector, metal_plate, tubes"

  private static let names: Set<String> = [
    "bracket_black", "bracket_brown", "bracket_white", "connector", "metal_plate", "tubes",
  ]

  /// Two categories at least: others may have a connector or a tube in MVTec AD's layout.
  static func recognises(_ folder: Folder) -> Bool {
    let categories = folder.subfolders.filter { MVTecAD.recognisesCategory(folder / $0) }
    return recognisesCategory(folder) || (categories.count > 1 && names.isSuperset(of: categories))
  }

  /// A category alone is known by the brackets, or by the folder that it lies in.
  static func recognisesCategory(_ folder: Folder) -> Bool {
    guard names.contains(folder.name), MVTecAD.recognisesCategory(folder) else { return false }
    return folder.name.hasPrefix("bracket_") || folder.parentName.lowercased().contains("mpdd")
  }

  static func categories(_ folder: Folder) throws -> [String] {
    recognisesCategory(folder) ? [] : folder.subfolders.filter { MVTecAD.recognisesCategory(folder / $0) }
  }

  static func readCategory(_ folder: Folder) throws -> Dataset {
    try readGoodAndDefects(folder, format: format)
  }
}
