import Foundation

/// A CSV file that lists pictures. Columns, in any order: `image` (or `path`), `label` (`good`, `normal`,
/// `ok` or `0`; `1` for an anomaly of no name; anything else is the defect type), and optionally `mask`,
/// `split` (`train`, `validation`, `test`) and `category` (or `object`). Relative paths start at the CSV
/// file's folder.
enum CSVListing: DatasetLayout {
  static let format = DatasetFormat.csv
  static let evidence =
    "a CSV file, or a folder with one, with the columns image and label (mask, split, category)"

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
    var problem = DatasetError(folder.path, "holds no CSV file that lists pictures")
    for path in paths {
      let table: CSVTable
      do {
        table = try CSVTable(path: path)
      } catch let error as DatasetError {
        problem = error
        continue
      }
      if table.column("image", "path") != nil && table.column("label") != nil { return (path, table) }
      problem = DatasetError(
        path,
        "needs the columns image and label; it has \(table.columns.joined(separator: ", "))"
      )
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
  }

  private let path: String
  private let rows: [Row]

  /// - Parameters:
  ///   - base: where relative paths start.
  ///   - masksAreLabels: whether every mask value but 0 is marked, not only bright ones.
  /// - Throws: `DatasetError` naming the line for a label or split that is not understood or a file that is
  ///   not
  ///   there.
  init(table: CSVTable, path: String, base: Folder, masksAreLabels: Bool = false) throws {
    self.path = path
    guard let image = table.column("image", "path"), let label = table.column("label") else {
      throw DatasetError(path, "needs the columns image and label")
    }
    let mask = table.column("mask")
    let split = table.column("split")
    let category = table.column("category", "object")
    func located(_ name: String, line: Int) throws -> String {
      let file = name.hasPrefix("/") ? name : base.file(name)
      guard FileManager.default.fileExists(atPath: file) else {
        throw DatasetError(file, "does not exist, but line \(line) of \(path) lists it")
      }
      return file
    }
    rows = try table.rows.map { line, fields in
      guard !fields[image].isEmpty else { throw DatasetError(path, "line \(line) names no picture") }
      guard !fields[label].isEmpty else { throw DatasetError(path, "line \(line) has no label") }
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
      default:
        throw DatasetError(path, "line \(line): the split is train, validation or test, not \"\(named)\"")
      }
      return Row(
        sample: sample, category: category.map { fields[$0] } ?? "", hasSplit: !named.isEmpty, line: line)
    }
    let nameless = rows.first { $0.category.isEmpty }
    if let nameless, rows.contains(where: { !$0.category.isEmpty }) {
      throw DatasetError(path, "line \(nameless.line) names no category, but others do")
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
    var warnings: [String] = []
    var seen: Set<String> = []
    var samples: [Sample] = []
    for row in chosen {
      var sample = row.sample
      if !row.hasSplit { sample.split = training.contains(sample.name) ? .train : .test }
      guard seen.insert(sample.path).inserted else {
        throw DatasetError(path, "lists \(sample.name) twice")
      }
      guard sample.split == .test || !sample.isAnomalous else {
        warnings.append(
          "\(sample.path): not used, an anomalous picture in the split \(sample.split.rawValue)"
        )
        continue
      }
      samples.append(sample)
    }
    return Dataset(name: name, format: format, samples: samples, warnings: warnings)
  }

  private static func defectType(_ label: String) -> String {
    switch label.lowercased() {
    case "good", "normal", "ok", "0": Sample.good
    case "1": "anomaly"
    default: label
    }
  }
}
