import BlemishBackbones
import BlemishCore
import BlemishDatasets
import BlemishDetectors
import BlemishTraining
import Foundation

/// One training and evaluation of a comparison.
public struct ComparisonRun: Sendable, Codable, Hashable {
  /// The category, or the data set's name where it has none.
  public var category: String
  /// The detector's name.
  public var detector: String
  /// The backbone's name.
  public var backbone: String
  /// The seed of everything that is drawn.
  public var seed: UInt64

  /// What its files are called.
  public var name: String {
    "\(category)-\(detector)-\(backbone)-seed\(seed)".replacingOccurrences(of: "/", with: "-")
  }
}

/// What is compared, and how it is trained.
public struct ComparisonPlan: Sendable {
  /// The data set.
  public var data: String
  /// Its layout.
  public var format: DatasetFormat
  /// The categories; empty for all there are.
  public var categories: [String] = []
  /// The detectors' names.
  public var detectors: [String] = [DetectorCatalogue.standard.defaultName]
  /// The backbones' names.
  public var backbones: [String]
  /// The seeds; figures are averaged over them.
  public var seeds: [UInt64] = [0]
  /// Files with weights, by the backbone's name.
  public var weights: [String: [String]] = [:]
  /// What all trainings share; detector, backbone, weights, seed and schedule are set run by run.
  public var training = TrainingOptions()
  /// What replaces parts of the detectors' published schedules.
  public var choices = PublishedSettings()
  /// Which a contrario test decides.
  public var inspection = InspectionOptions()
  /// Whether detectors take what was published for a category of MVTec AD, where it is something else than their own
  /// schedule and size.
  public var usesPublishedSettings = false

  /// Whether files are replaced that Blemish has not written; devices never are.
  public var replacesForeignFiles = false

  /// A plan with the standard choices.
  public init(data: String, format: DatasetFormat = .auto, backbones: [String]) {
    self.data = data
    self.format = format
    self.backbones = backbones
  }

  /// All runs: first every category, detector and backbone with the first seed, so that a whole table is there
  /// early.
  /// - Throws: `DatasetError` and ``ComparisonError`` where something named does not exist.
  public func runs() throws -> [ComparisonRun] {
    let all = try Dataset.categories(of: data, format: format)
    if let unknown = categories.first(where: { !all.contains($0) }) {
      throw ComparisonError.unknownCategory(unknown, path: data, known: all)
    }
    for name in detectors { _ = try training.detectors.named(name) }
    var names = all.filter { categories.isEmpty || categories.contains($0) }
    if names.isEmpty { names = [try Dataset.read(data, format: format).name] }
    return ComparisonTable.inOrder(seeds).flatMap { seed in
      ComparisonTable.inOrder(detectors).flatMap { detector in
        ComparisonTable.inOrder(backbones).flatMap { backbone in
          names.map { ComparisonRun(category: $0, detector: detector, backbone: backbone, seed: seed) }
        }
      }
    }
  }

  /// How a run is trained.
  /// - Throws: ``ComparisonError`` where the choices make no training.
  func options(for run: ComparisonRun) throws -> TrainingOptions {
    var options = training
    options.detector = run.detector
    options.backbone = run.backbone
    options.weights = weights[run.backbone] ?? []
    options.seed = run.seed
    let type = try training.detectors.named(run.detector) as? any PublishesSettings.Type
    let published = usesPublishedSettings ? type?.settings(named: run.category) : nil
    try options.apply([choices, published].compactMap { $0 })
    // The side is of the backbone that the settings are for, where they name one.
    if let size = published?.size, options.size == nil, published?.backbone ?? run.backbone == run.backbone {
      options.size = .side(size)
    }
    try options.schedule?.check()
    try TrainingSession.check(heldOut: options.heldOut)
    _ = try TrainingSession.tuning(options, BackboneCatalogue.standard.named(run.backbone))
    return options
  }

  /// The data of a run, split by its seed where the layout leaves the split open.
  func dataset(of run: ComparisonRun) throws -> Dataset {
    try Dataset.read(data, format: format, category: run.category, options: DatasetOptions(seed: run.seed))
  }
}
