import BlemishSupport
import Foundation

/// Real-IAD (Wang et al., CVPR 2024): a file per category, `realiad_jsons/CATEGORY.json`, lists the pictures and
/// masks of `realiad_1024/CATEGORY`, `realiad_512/CATEGORY`, ... A specimen is seen from five sides; its pictures
/// are one group.
enum RealIAD: DatasetLayout {
  static let format = DatasetFormat.realIAD
  static let evidence = "realiad_jsons/CATEGORY.json, and the pictures in realiad_1024/CATEGORY or the like"
  static let listsItsPictures = true

  private static let jsonFolders = ["realiad_jsons", "realiad_jsons/realiad_jsons"]

  static func recognises(_ folder: Folder) -> Bool { !folder.isFile && !lists(folder).isEmpty }

  static func categories(_ folder: Folder) throws -> [String] {
    lists(folder).keys.sorted(by: naturallyPrecedes)
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    let lists = lists(folder)
    guard let name = category ?? lists.keys.first, let path = lists[name] else {
      throw DatasetError.unknownCategory(
        path: folder.path, asked: category ?? "", known: lists.keys.sorted(by: naturallyPrecedes))
    }
    let list = try SplitFile(path: path)
    guard let first = list.train.first ?? list.test.first else {
      throw DatasetError.noGoodPictures(path: path)
    }
    let bases = pictureFolders(folder).flatMap { [$0 / list.meta.prefix, $0 / name, $0] }
    guard let base = bases.first(where: { $0.contains(first.image_path) }) else {
      throw DatasetError.missing(path: bases[0].file(first.image_path))
    }
    var warnings: [DatasetWarning] = []
    var samples: [Sample] = []
    for (entries, split) in [(list.train, Split.train), (list.test, .test)] {
      for entry in entries {
        let sample = try entry.sample(in: base, category: name, list: list, split: split, path: path)
        if sample.isAnomalous && split == .train {
          warnings.append(.anomalousInSplit(path: sample.path, split: split))
        } else {
          samples.append(sample)
        }
      }
    }
    return Dataset(name: name, format: format, samples: samples, warnings: warnings)
  }

  /// The files that list a category each, by its name.
  private static func lists(_ folder: Folder) -> [String: String] {
    for name in jsonFolders {
      let files = (folder / name).files(endingIn: ["json"])
      if !files.isEmpty {
        return Dictionary(files.map { (stem($0), (folder / name).file($0)) }, uniquingKeysWith: { $1 })
      }
    }
    return [:]
  }

  /// Where the categories' folders may lie: the largest pictures first.
  private static func pictureFolders(_ folder: Folder) -> [Folder] {
    let sizes = folder.subfolders.filter { $0.hasPrefix("realiad_") && !$0.contains("json") }
    let known = ["realiad_1024", "realiad_512", "realiad_256"].filter(sizes.contains)
    return (known + sizes.filter { !known.contains($0) }).map { folder / $0 } + [folder]
  }
}

/// A file that lists the pictures of a category of Real-IAD, with its own names.
private struct SplitFile: Decodable {
  struct Meta: Decodable {
    var normal_class: String
    var prefix: String
  }

  struct Entry: Decodable {
    var anomaly_class: String
    var image_path: String
    var mask_path: String?

    func sample(
      in base: Folder, category: String, list: SplitFile, split: Split, path: String
    ) throws -> Sample {
      func located(_ name: String) throws -> String {
        let file = base.file(name)
        guard FileStatus(file) != nil else {
          throw DatasetError.listing(path: path, line: nil, problem: .missingFile(file))
        }
        return file
      }
      let isGood = anomaly_class == list.meta.normal_class
      let mask = try isGood ? nil : mask_path.map(located)
      let specimen = image_path.lastIndex(of: "/").map { String(image_path[..<$0]) }
      return Sample(
        path: try located(image_path), name: "\(category)/\(image_path)", split: split,
        defectType: isGood ? Sample.good : anomaly_class, groundTruth: mask.map { .picture($0) },
        group: specimen)
    }
  }

  var meta: Meta
  var train: [Entry]
  var test: [Entry]

  init(path: String) throws {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      self = try JSONDecoder().decode(SplitFile.self, from: data)
    } catch DecodingError.dataCorrupted {
      throw DatasetError.unreadable(path: path, reason: "it is not JSON")
    } catch let error as DecodingError {
      throw DatasetError.unreadable(path: path, reason: error.summary)
    } catch {
      throw DatasetError.unreadable(path: path, reason: whyUnreadable(path))
    }
  }
}
