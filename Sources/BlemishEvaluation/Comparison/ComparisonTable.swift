import BlemishDatasets
import BlemishTraining
import Foundation

/// The results of a comparison as the papers show them: a row per category, and their means; a part per detector
/// and backbone.
public struct ComparisonTable: Sendable, Encodable {
  /// A figure over seeds.
  public struct Cell: Sendable, Encodable, Equatable {
    /// The mean.
    public var mean: Double
    /// The standard deviation (n - 1) over seeds; nil for one seed.
    public var standardDeviation: Double?
    /// How many seeds.
    public var seeds: Int

    /// The mean and deviation of values of several seeds; nil without values.
    init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      self.mean = mean
      seeds = values.count
      if seeds > 1 {
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = (squares / Double(seeds - 1)).squareRoot()
      }
    }
  }

  /// A category, or a mean over categories.
  public struct Row: Sendable, Encodable {
    /// Its name.
    public var name: String
    /// Whether it is a mean over the others.
    public var isMean: Bool
    /// Its figures.
    public var values: [Measure: Cell]
  }

  /// One detector on one backbone.
  public struct Part: Sendable, Encodable {
    /// The detector.
    public var detector: String
    /// The backbone.
    public var backbone: String
    /// The categories, then the means.
    public var rows: [Row]
    /// How epochs were chosen.
    public var selection: String
    /// False alarms against promised ones, of all runs together.
    public var calibration: CalibrationCurve

    /// What it is called.
    public var name: String { "\(detector) on \(backbone)" }
  }

  /// A run that could not be done.
  public struct Failure: Sendable, Encodable {
    /// Which.
    public var run: ComparisonRun
    /// Why.
    public var reason: String
  }

  /// One part per detector and backbone.
  public var parts: [Part]
  /// Published figures of the same data set.
  public var published: [PublishedResult]
  /// How epochs were chosen, in sentences.
  public var epochs: [String]
  /// Runs that could not be done.
  public var failures: [Failure]
  /// Runs that are not done yet.
  public var missing: [String]
  /// Runs that are done.
  public var done: [String]

  /// The table of results.
  /// - Parameter runs: all that were planned, in their order.
  public init(_ results: [ComparisonRunResult], failures: [Failure], runs: [ComparisonRun]) {
    self.failures = failures
    let finished = Set(results.map(\.run))
    let failed = Set(failures.map(\.run))
    done = runs.filter(finished.contains).map(\.name)
    missing = runs.filter { !finished.contains($0) && !failed.contains($0) }.map(\.name)
    let format = results.first.flatMap { DatasetFormat(rawValue: $0.format) }
    let all = Self.inOrder(runs.map(\.category))
    published = format.map { PublishedResult.all($0, categories: all) } ?? []
    // Textures and objects are told apart in MVTec AD itself, not in other data of its layout.
    let known = format == .mvtecAD ? PublishedResult.categories(.mvtecAD) : nil
    let textures = known?.isSuperset(of: all) == true ? PublishedResult.textures : []
    epochs = Self.inOrder(results.map(\.settings.selection)).map(\.sentence)
    let subjects = Self.inOrder(runs.map { [$0.detector, $0.backbone] })
    parts = subjects.map { subject in
      let results = results.filter { [$0.run.detector, $0.run.backbone] == subject }
      let categories = Self.inOrder(runs.filter { [$0.detector, $0.backbone] == subject }.map(\.category))
      return Part(
        detector: subject[0], backbone: subject[1],
        rows: Self.rows(
          results, categories.filter(textures.contains) + categories.filter { !textures.contains($0) },
          groups: Self.groups(categories, textures)),
        selection: Self.inOrder(results.map(\.settings.selection.rawValue)).joined(separator: " "),
        calibration: results.reduce(into: CalibrationCurve()) { $0.add($1.evaluation.calibration) })
    }
  }

  private static func rows(
    _ results: [ComparisonRunResult], _ categories: [String], groups: [(name: String, categories: [String])]
  ) -> [Row] {
    func values(_ category: String, _ measure: Measure) -> [UInt64: Double] {
      let pairs = results.filter { $0.run.category == category }.compactMap { result in
        result.evaluation.overall.values[measure].map { (result.run.seed, $0) }
      }
      return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
    var rows = categories.map { category in
      var row = Row(name: category, isMean: false, values: [:])
      for measure in Measure.allCases { row.values[measure] = Cell(Array(values(category, measure).values)) }
      return row
    }
    let complete = categories.filter { category in results.contains { $0.run.category == category } }
    for group in groups {
      let there = group.categories.filter(complete.contains)
      guard !there.isEmpty else { continue }
      let part = there.count < group.categories.count ? " (\(there.count) of \(group.categories.count))" : ""
      var row = Row(name: group.name + part, isMean: true, values: [:])
      for measure in Measure.allCases { row.values[measure] = mean(there.map { values($0, measure) }) }
      rows.append(row)
    }
    return rows
  }

  /// The mean over categories, over the seeds that all of them have; nil where one has no value.
  private static func mean(_ categories: [[UInt64: Double]]) -> Cell? {
    let common = categories.dropFirst().reduce(Set(categories.first?.keys.map { $0 } ?? [])) {
      $0.intersection($1.keys)
    }
    return Cell(
      common.sorted().map { seed in
        categories.reduce(0) { $0 + ($1[seed] ?? 0) } / Double(categories.count)
      })
  }

  /// What is averaged: textures and objects as in the papers, and everything.
  private static func groups(_ categories: [String], _ textures: Set<String>) -> [(String, [String])] {
    guard categories.count > 1 else { return [] }
    let (surfaces, objects) = (
      categories.filter(textures.contains), categories.filter { !textures.contains($0) }
    )
    guard !surfaces.isEmpty, !objects.isEmpty else { return [("mean", categories)] }
    return [("mean of textures", surfaces), ("mean of objects", objects), ("mean", categories)]
  }

  /// The values, each once, in the order in which they come first.
  static func inOrder<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}

extension EpochSelection {
  /// How the epoch was chosen, as a reader of figures must know it.
  public var sentence: String {
    switch self {
    case .likelihood:
      "The epoch with the best likelihood on held-out good pictures was kept: no test picture was looked at."
    case .last: "The last epoch was kept: no test picture was looked at."
    case .testAUROC:
      "The epoch with the best pixel AUROC on the test set was kept, as the published code does: the figures are "
        + "optimistic."
    }
  }
}
