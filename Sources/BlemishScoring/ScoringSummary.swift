import BlemishCore

/// What the parts of a manifest's results hold, in numbers.
public struct ScoringSummary: Sendable, Codable, Equatable {
  /// The pictures of one model.
  public struct OfModel: Sendable, Codable, Equatable {
    /// The model's name.
    public var model: String
    /// SHA-256 of the files that judged under this name; more than one where it was replaced meanwhile.
    public var hashes: [String] = []
    /// How many pictures have which verdict.
    public var verdicts: [String: Int] = [:]
  }

  /// A picture that is among the most significant.
  public struct Outstanding: Sendable, Codable, Equatable {
    /// What it is called.
    public var id: String
    /// What is said of it.
    public var verdict: Verdict
    /// log10 NFA of its most significant region.
    public var logNFA: Double
    /// The model that judged it.
    public var model: String
  }

  /// Of nothing yet.
  public init() {}

  /// How many parts there should be.
  public var parts = 0
  /// The files of those that are not there.
  public var missingParts: [String] = []
  /// The files of those that do not hold the lines of their pictures.
  public var damagedParts: [String] = []
  /// Files of parts that are of another run.
  public var foreignParts: [String] = []
  /// Pictures that were judged.
  public var judged = 0
  /// Pictures that could not be judged.
  public var failures = 0
  /// Pictures whose results are not there.
  public var missingPictures = 0
  /// Rows of the manifest beyond the first of the same id.
  public var doublePictures = 0
  /// The pictures by model, in the order in which they came.
  public var models: [OfModel] = []
  /// The pictures with the least log10 NFA, the least first.
  public var outstanding: [Outstanding] = []
  /// Why pictures could not be judged, of the first ones.
  public var examples: [String] = []

  /// How many of the most significant pictures, and of failures, are kept.
  private static let shown = 100

  /// Whether every picture's result is there, once.
  public var isWhole: Bool {
    missingParts.isEmpty && damagedParts.isEmpty && foreignParts.isEmpty && doublePictures == 0
  }

  /// How many pictures have a verdict.
  public func count(_ verdict: Verdict) -> Int {
    models.reduce(0) { $0 + ($1.verdicts[verdict.rawValue] ?? 0) }
  }

  mutating func add(_ line: ScoringMerge.Line) {
    switch line {
    case .failure(let id, _, let error):
      failures += 1
      if examples.count < Self.shown { examples.append("\(id): \(error)") }
    case .finding(let finding):
      judged += 1
      let name = finding.model?.name ?? ""
      let place = models.firstIndex { $0.model == name } ?? models.count
      if place == models.count { models.append(OfModel(model: name)) }
      models[place].verdicts[finding.verdict.rawValue, default: 0] += 1
      if let hash = finding.model?.sha256, !models[place].hashes.contains(hash) {
        models[place].hashes.append(hash)
      }
      guard finding.verdict != .good,
        outstanding.count < Self.shown || finding.logNFA < outstanding[Self.shown - 1].logNFA
      else { return }
      let here = outstanding.firstIndex { finding.logNFA < $0.logNFA } ?? outstanding.count
      outstanding.insert(
        Outstanding(id: line.id, verdict: finding.verdict, logNFA: finding.logNFA, model: name), at: here)
      if outstanding.count > Self.shown { outstanding.removeLast() }
    }
  }
}
