import BlemishSupport
import Foundation

/// The pictures of one category of a data set (or of a whole data set without categories), split for training
/// and testing. Only names are held; pictures are read when they are needed.
public struct Dataset: Hashable, Sendable {
  /// The category's name, or the folder's where there are no categories.
  public var name: String
  /// The layout it was found in; never `auto`.
  public var format: DatasetFormat
  /// Good pictures to learn from, sorted by name.
  public var train: [Sample]
  /// Good pictures the data set itself sets aside for validation; most have none.
  public var validation: [Sample]
  /// Good and anomalous pictures to evaluate on, sorted by defect type (good first) and name.
  public var test: [Sample]
  /// What is odd but no obstacle, such as masks without pictures and files that are left out.
  public var warnings: [DatasetWarning]

  /// Puts a data set together from samples of any split, in order.
  public init(name: String, format: DatasetFormat, samples: [Sample], warnings: [DatasetWarning] = []) {
    self.name = name
    self.format = format
    let sorted = samples.sorted(by: Dataset.precedes)
    train = sorted.filter { $0.split == .train }
    validation = sorted.filter { $0.split == .validation }
    test = sorted.filter { $0.split == .test }
    self.warnings = warnings
  }

  /// The defect types among the test pictures, sorted, without `"good"`.
  public var defectTypes: [String] {
    Set(test.lazy.filter(\.isAnomalous).map(\.defectType)).sorted(by: naturallyPrecedes)
  }

  /// Whether every anomalous test picture has a mask, and there is at least one.
  public var hasMasks: Bool {
    let anomalous = test.filter(\.isAnomalous)
    return !anomalous.isEmpty && anomalous.allSatisfy { $0.groundTruth != nil }
  }

  /// Sets part of the good training pictures aside, for what training must not see.
  ///
  /// Pictures that were taken one after the other are alike, and names mostly follow the order in which they were
  /// taken. So what is set aside are runs of that order, of 16 pictures or more: but for their ends, they have no
  /// neighbours in training. There are four runs at most, from all over the order. Pictures of one group (a patient, a
  /// video) stay together where there are several groups; then the runs are of groups.
  ///
  /// - Parameters:
  ///   - fraction: the part to set aside, 0 to 1. At least one picture or group is set aside for any fraction
  ///     above 0, and at least one stays.
  ///   - seed: another seed chooses others.
  /// - Returns: The pictures that stay for training and those set aside, each in the order of `train`.
  public func holdOut(fraction: Double, seed: UInt64) -> (train: [Sample], heldOut: [Sample]) {
    let groups = Set(train.compactMap(\.group))
    let byGroup = groups.count > 1
    let unit: (Sample) -> String = { byGroup ? $0.group ?? $0.name : $0.name }
    var known: Set<String> = []
    let units = train.map(unit).filter { known.insert($0).inserted }
    guard fraction > 0, units.count > 1 else { return (train, []) }
    let wanted = min(max(Int((Double(units.count) * min(fraction, 1)).rounded()), 1), units.count - 1)
    let runs = min(max(wanted / Self.shortestRun, 1), Self.mostRuns)
    var random = RandomStream(seed: seed, name: "held out")
    var chosen: Set<String> = []
    for run in 0..<runs {
      let part = units[(run * units.count / runs)..<((run + 1) * units.count / runs)]
      let length = min((run + 1) * wanted / runs - run * wanted / runs, part.count)
      let first = part.startIndex + Int.random(in: 0...(part.count - length), using: &random)
      chosen.formUnion(units[first..<(first + length)])
    }
    return (train.filter { !chosen.contains(unit($0)) }, train.filter { chosen.contains(unit($0)) })
  }

  /// As many pictures, or groups, has a run at least where there are several runs.
  private static let shortestRun = 16
  private static let mostRuns = 4

  private static func precedes(_ first: Sample, _ second: Sample) -> Bool {
    if first.isAnomalous != second.isAnomalous { return second.isAnomalous }
    if first.defectType != second.defectType { return naturallyPrecedes(first.defectType, second.defectType) }
    return naturallyPrecedes(first.name, second.name)
  }
}

/// Choices that a layout leaves open.
public struct DatasetOptions: Hashable, Sendable {
  /// Decides which good pictures are for training where the data set does not say.
  public var seed: UInt64
  /// The part of the good pictures (of the patients, for LGG MRI) to train on where the data set does not
  /// say.
  public var trainingFraction: Double

  /// - Parameters:
  ///   - seed: decides the split where the data set has none of its own.
  ///   - trainingFraction: the part to train on there, 0 to 1.
  public init(seed: UInt64 = 0, trainingFraction: Double = 0.8) {
    self.seed = seed
    self.trainingFraction = trainingFraction
  }

  /// The names to train on: the first `trainingFraction` of them in their seeded order.
  func trainingNames(_ names: [String]) -> Set<String> {
    let fraction = trainingFraction.isFinite ? min(max(trainingFraction, 0), 1) : 1
    return Set(seededOrder(names, seed: seed).prefix(Int((Double(names.count) * fraction).rounded())))
  }
}

extension Dataset {
  /// Reads the one data set at a path.
  ///
  /// - Parameters:
  ///   - path: a folder, or a CSV file that lists pictures.
  ///   - format: the layout; `auto` finds it out.
  ///   - category: which category, where the folder holds several.
  ///   - options: choices that the layout leaves open.
  /// - Throws: `DatasetError` when nothing is there, the layout is not recognised or incomplete, or the folder has
  ///   several categories and none is named.
  public static func read(
    _ path: String,
    format: DatasetFormat = .auto,
    category: String? = nil,
    options: DatasetOptions = DatasetOptions()
  ) throws -> Dataset {
    let (folder, layout) = try DatasetFormat.layout(path, format: format)
    let categories = try layout.categories(folder)
    var category = category
    if let name = category {
      guard categories.contains(name) || (categories.isEmpty && name == folder.title) else {
        throw categories.isEmpty
          ? DatasetError.noCategories(path: path, asked: name)
          : DatasetError.unknownCategory(path: path, asked: name, known: categories)
      }
      if categories.isEmpty { category = nil }
    } else if categories.count > 1 {
      throw DatasetError.severalCategories(path: path, known: categories)
    } else {
      category = categories.first
    }
    var dataset = try layout.read(folder, category: category, options: options)
    guard !(dataset.train.isEmpty && dataset.test.isEmpty && dataset.validation.isEmpty) else {
      throw DatasetError.noPictures(path: path, leftOut: folder.leftOutFiles())
    }
    dataset.warnings += dataset.warningsOfMaskValues()
    // A listing names its pictures; nothing else in their folders is meant.
    return layout.listsItsPictures ? dataset : dataset.namingLeftOutFiles(root: folder)
  }

  /// The categories in a folder, sorted; empty where the layout has none or the folder is one category.
  ///
  /// - Throws: `DatasetError` when nothing is there or the layout is not recognised.
  public static func categories(of path: String, format: DatasetFormat = .auto) throws -> [String] {
    let (folder, layout) = try DatasetFormat.layout(path, format: format)
    return try layout.categories(folder)
  }
}
