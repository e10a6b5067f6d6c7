import Foundation

/// The layouts of data sets on disk.
public enum DatasetFormat: String, CaseIterable, Sendable, Codable {
  /// Whichever of the others the folder looks like.
  case auto
  /// MVTec AD: `CATEGORY/train/good`, `CATEGORY/test/DEFECT`, `CATEGORY/ground_truth/DEFECT/NAME_mask.png`.
  case mvtecAD = "mvtec-ad"
  /// MVTec AD 2: `CATEGORY/train/good`, `CATEGORY/validation/good`, `CATEGORY/test_public/{good,bad}`.
  case mvtecAD2 = "mvtec-ad-2"
  /// MVTec LOCO AD: `CATEGORY/test/logical_anomalies`, several masks per picture.
  case mvtecLOCO = "mvtec-loco"
  /// MPDD: MVTec AD's layout with the categories `bracket_black`, `connector`, ...
  case mpdd
  /// Real-IAD: `realiad_jsons/CATEGORY.json` lists the pictures of `realiad_1024/CATEGORY`.
  case realIAD = "real-iad"
  /// BeanTech AD: `01/train/ok`, `01/test/{ok,ko}`, `01/ground_truth/ko`.
  case btad
  /// VisA: `split_csv/1cls.csv`, or the one-class reorganisation in MVTec's layout.
  case visa
  /// The magnetic tiles: `MT_Free/Imgs`, `MT_Crack/Imgs`, ...
  case magneticTiles = "magnetic-tiles"
  /// KolektorSDD2: `train/NAME.png` with `train/NAME_GT.png`, the same for `test`.
  case kolektorSDD2 = "kolektor-sdd2"
  /// LGG MRI segmentation: a folder per patient, `NAME.tif` with `NAME_mask.tif`.
  case lggMRI = "lgg-mri"
  /// ShanghaiTech Campus: frames of videos, masks as NumPy arrays.
  case shanghaiTech = "shanghaitech"
  /// A CSV file with columns `image`, `label` and, if there are any, `mask`, `split`, `category`.
  case csv
  /// A folder of good pictures, or folders `good` and one per defect type.
  case folder

  /// Finds out which layout a folder (or CSV file) has.
  ///
  /// The layouts are tried from the most to the least particular, so a folder that fits several is taken for the
  /// most particular one.
  ///
  /// - Throws: `DatasetError` when there is nothing at the path, or nothing that is recognised; it lists what
  ///   was looked for.
  public static func detect(_ path: String) throws -> DatasetFormat {
    try layout(path, format: .auto).1.format
  }

  /// What a layout is recognised by, in words.
  static func evidence(of format: DatasetFormat) -> String {
    layouts.first { $0.format == format }?.evidence ?? "one of the known layouts"
  }

  /// The layouts from the most to the least particular.
  static let layouts: [any DatasetLayout.Type] = [
    RealIAD.self, VisA.self, MagneticTiles.self, ShanghaiTech.self, LGGMRI.self, MVTecAD2.self,
    MVTecLOCO.self, BTAD.self, KolektorSDD2.self, MPDD.self, MVTecAD.self, CSVListing.self,
    PictureFolder.self,
  ]

  /// The folder at a path and the layout to read it with.
  static func layout(_ path: String, format: DatasetFormat) throws -> (Folder, any DatasetLayout.Type) {
    let folder = try Folder(existing: path)
    if format == .auto {
      guard let layout = layouts.first(where: { $0.recognises(folder) }) else {
        throw folder.unrecognizedError
      }
      return (folder, layout)
    }
    guard let layout = layouts.first(where: { $0.format == format }) else {
      preconditionFailure("the format \(format.rawValue) has no layout")
    }
    guard layout.recognises(folder) else {
      throw folder.isEmpty ? .empty(path: path) : DatasetError.otherLayout(path: path, asked: format)
    }
    return (folder, layout)
  }
}

/// How one published layout is recognised and read.
protocol DatasetLayout: Sendable {
  static var format: DatasetFormat { get }
  /// What the layout is recognised by, in words.
  static var evidence: String { get }
  /// Whether files name each picture, so that others in their folders are not meant.
  static var listsItsPictures: Bool { get }
  static func recognises(_ folder: Folder) -> Bool
  /// The categories, sorted; empty where there are none.
  static func categories(_ folder: Folder) throws -> [String]
  /// Reads one category, or all there is for `nil`.
  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset
}

extension DatasetLayout {
  static var listsItsPictures: Bool { false }

  static func categories(_ folder: Folder) throws -> [String] { [] }
}

extension Folder {
  /// Why nothing can be made of the folder.
  fileprivate var unrecognizedError: DatasetError {
    if isFile { return .notAFolder(path: path) }
    if isEmpty {
      let leftOut = leftOutHidden()
      return leftOut.isEmpty ? .empty(path: path) : .noPictures(path: path, leftOut: leftOut)
    }
    let withPictures = subfolders.filter { (self / $0).hasPictures }
    if !withPictures.isEmpty { return .picturesOneLevelDown(path: path, folders: withPictures) }
    let leftOut = leftOutFiles()
    return leftOut.isEmpty ? .unrecognized(path: path) : .noPictures(path: path, leftOut: leftOut)
  }
}

/// A layout with a folder per category; a single category's folder is a data set, too.
protocol CategoryLayout: DatasetLayout {
  static func recognisesCategory(_ folder: Folder) -> Bool
  static func readCategory(_ folder: Folder) throws -> Dataset
}

extension CategoryLayout {
  static func recognises(_ folder: Folder) -> Bool {
    recognisesCategory(folder) || folder.subfolders.contains { recognisesCategory(folder / $0) }
  }

  static func categories(_ folder: Folder) throws -> [String] {
    recognisesCategory(folder) ? [] : folder.subfolders.filter { recognisesCategory(folder / $0) }
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    try readCategory(category.map { folder / $0 } ?? folder)
  }
}
