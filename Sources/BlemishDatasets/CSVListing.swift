import BlemishSupport
import Foundation

/// A CSV file that lists pictures. Columns, in any order: `image` (or `path`), `label` (`good`, `normal`,
/// `ok` or `0`; `1` for an anomaly of no name; anything else is the defect type), and optionally `mask`,
/// `split` (`train`, `validation`, `test`) and `category` (or `object`). Relative paths start at the CSV
/// file's folder. Fields are separated by commas, semicolons or tabs.
enum CSVListing: DatasetLayout {
  static let format = DatasetFormat.csv
  static let evidence =
    "a CSV file, or a folder with one, with the columns image and label (mask, split, category)"

  static let listsItsPictures = true

  /// Any CSV file is taken for a listing, so that what is wrong with it is said.
  static func recognises(_ folder: Folder) -> Bool {
    folder.isFile ? fileExtension(folder.name) == "csv" : (try? table(folder)) != nil
  }

  static func categories(_ folder: Folder) throws -> [String] {
    let (path, table) = try table(folder)
    return try Listing(table: table, path: path, base: base(path)).categories
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    let (path, table) = try table(folder)
    return try Listing(table: table, path: path, base: base(path))
      .dataset(name: category ?? folder.title, format: format, category: category, options: options)
  }

  private static func base(_ path: String) -> Folder {
    Folder(path: URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  /// The file itself, or the one CSV file in the folder that lists pictures.
  private static func table(_ folder: Folder) throws -> (path: String, CSVTable) {
    let paths = folder.isFile ? [folder.path] : folder.files(endingIn: ["csv"]).map(folder.file)
    var problem = DatasetError.listing(path: folder.path, line: nil, problem: .noListing)
    for path in paths {
      do {
        let table = try CSVTable(path: path)
        if table.column("image", "path") != nil && table.column("label") != nil { return (path, table) }
        problem = .listing(path: path, line: nil, problem: .noColumns(found: table.columns))
      } catch let error as DatasetError {
        problem = error
      }
    }
    throw problem
  }
}

/// The rows of a listing and what they mean.
struct Listing {
  private struct Row {
    var sample: Sample
    var category: String
    var hasSplit: Bool
    var line: Int
    /// The file itself, by whatever path it is listed.
    var file: String
  }

  private let path: String
  private let rows: [Row]

  /// - Parameters:
  ///   - base: where relative paths start.
  ///   - masksAreLabels: whether every mask value but 0 is marked, not only bright ones.
  /// - Throws: `DatasetError` naming the line for a label or split that is not understood or a file that is
  ///   not there.
  init(table: CSVTable, path: String, base: Folder, masksAreLabels: Bool = false) throws {
    self.path = path
    func wrong(_ line: Int, _ problem: ListingProblem) -> DatasetError {
      .listing(path: path, line: line, problem: problem)
    }
    guard let image = table.column("image", "path"), let label = table.column("label") else {
      throw DatasetError.listing(path: path, line: nil, problem: .noColumns(found: table.columns))
    }
    let mask = table.column("mask")
    let split = table.column("split")
    let category = table.column("category", "object")
    func located(_ name: String, line: Int) throws -> String {
      // Listings that were made on Windows have backslashes.
      for name in [name, name.replacingOccurrences(of: "\\", with: "/")] {
        let file = Listing.normalized(name.hasPrefix("/") ? name : base.file(name))
        if FileStatus(file) != nil { return file }
      }
      throw wrong(line, .missingFile(name))
    }
    rows = try table.rows.map { line, fields in
      guard !fields[image].isEmpty else { throw wrong(line, .noPicture) }
      guard !fields[label].isEmpty else { throw wrong(line, .noLabel) }
      var sample = Sample(
        path: try located(fields[image], line: line),
        name: fields[image],
        split: .train,
        defectType: Listing.defectType(fields[label])
      )
      if let mask, !fields[mask].isEmpty {
        let file = try located(fields[mask], line: line)
        if sample.isAnomalous { sample.groundTruth = masksAreLabels ? .labels([file]) : .picture(file) }
      }
      let named = split.map { fields[$0].lowercased() } ?? ""
      switch named {
      case "": break
      case "train", "training": sample.split = .train
      case "val", "valid", "validation": sample.split = .validation
      case "test", "testing": sample.split = .test
      default: throw wrong(line, .unknownSplit(named))
      }
      return Row(
        sample: sample, category: category.map { fields[$0] } ?? "", hasSplit: !named.isEmpty, line: line,
        file: URL(fileURLWithPath: sample.path).resolvingSymlinksInPath().path)
    }
    let nameless = rows.first { $0.category.isEmpty }
    if let nameless, rows.contains(where: { !$0.category.isEmpty }) {
      throw wrong(nameless.line, .noCategory)
    }
  }

  /// The categories named, sorted; empty if there is no such column.
  var categories: [String] { Set(rows.map(\.category)).subtracting([""]).sorted(by: naturallyPrecedes) }

  /// The pictures of a category (of all for `nil`). Where no split is named, good ones are split by the
  /// options and anomalous ones are for testing.
  func dataset(
    name: String,
    format: DatasetFormat,
    category: String?,
    options: DatasetOptions
  ) throws -> Dataset {
    let chosen = rows.filter { category == nil || $0.category == category }
    let loose = chosen.filter { !$0.hasSplit && !$0.sample.isAnomalous }.map(\.sample.name)
    let hasTest = chosen.contains { $0.sample.isAnomalous || $0.sample.split == .test }
    let training = hasTest ? options.trainingNames(Array(Set(loose))) : Set(loose)
    try requireEachOnce(chosen)
    var warnings: [DatasetWarning] = []
    var samples: [Sample] = []
    for row in chosen {
      var sample = row.sample
      if !row.hasSplit { sample.split = training.contains(sample.name) ? .train : .test }
      if sample.split != .test && sample.isAnomalous {
        warnings.append(.anomalousInSplit(path: sample.path, split: sample.split))
      } else {
        samples.append(sample)
      }
    }
    return Dataset(name: name, format: format, samples: samples, warnings: warnings)
  }

  /// - Throws: `DatasetError` if two rows mean one file, by whatever paths.
  private func requireEachOnce(_ rows: [Row]) throws {
    var seen: [String: Row] = [:]
    for row in rows {
      guard let other = seen.updateValue(row, forKey: row.file) else { continue }
      let picture = row.sample.name
      let isSame = row.sample.split == other.sample.split || !row.hasSplit || !other.hasSplit
      throw DatasetError.listing(
        path: path, line: row.line,
        problem: isSame
          ? .listedTwice(picture: picture, line: other.line)
          : .listedForTwoSplits(
            picture: picture, split: row.sample.split, line: other.line, otherSplit: other.sample.split))
    }
  }

  private static func defectType(_ label: String) -> String {
    switch label.lowercased() {
    case "good", "normal", "ok": return Sample.good
    default: break
    }
    // Tables write whole numbers as 0, 0.0 or 0,0.
    switch Double(label.replacingOccurrences(of: ",", with: ".")) {
    case 0: return Sample.good
    case 1: return "anomaly"
    default: return label
    }
  }

  /// The path without empty parts and parts that are a single point.
  private static func normalized(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}
