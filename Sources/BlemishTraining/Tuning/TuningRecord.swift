import Foundation

/// How a model's backbone was tuned on good pictures, and what came of it.
public struct TuningRecord: Sendable, Codable, Equatable {
  /// What came of it.
  public enum Outcome: String, Sendable, Codable {
    /// It is not done yet.
    case unfinished
    /// The tuned weights are the model's.
    case tuned = "adapted"
    /// The weights from before are kept: the tuned ones find planted defects no better.
    case worse
    /// The weights from before are kept: the tuning diverged.
    case diverged
    /// There were too few good pictures to tune on.
    case tooFewPictures
  }

  /// What was asked for.
  public var options: TuningOptions
  /// The steps that there are: those asked for, or as many as fit into the time; nil before the first are timed.
  /// Repeating the tuning with this number gives the same weights.
  public var steps: Int?
  /// The pictures of a step; nil before it begins.
  public var batch: Int?
  /// The good pictures that are tuned on.
  public var pictures = 0
  /// The good pictures, not tuned on, in which planted defects were looked for.
  public var judgedPictures = 0
  /// Where the tuning stands.
  public var progress = SegmenterTrainer.Progress()
  /// What the weights from before are worth.
  public var before: TuningScore?
  /// What the tuned weights are worth; nil where they give no numbers.
  public var after: TuningScore?
  /// What came of it.
  public var outcome = Outcome.unfinished

  /// A tuning that has not begun.
  public init(_ options: TuningOptions) { self.options = options }

  /// The schedule with the steps and pictures that there are.
  var schedule: SegmenterSchedule {
    var schedule = options.schedule
    schedule.steps = steps ?? schedule.steps
    schedule.batch = batch ?? schedule.batch
    return schedule
  }

  /// What came of it, in words.
  public var summary: String {
    func figures(_ score: TuningScore?) -> String {
      guard let score else { return "no figures" }
      return "pixel AUROC \(rounded(score.pixelAUROC)), image AUROC \(rounded(score.imageAUROC))"
    }
    func rounded(_ value: Double) -> String { String(format: "%.3f", value) }
    let compared =
      "planted defects in \(judgedPictures) good pictures: \(figures(before)) before, \(figures(after)) after "
      + "\(progress.step) steps in \(String(format: "%.0f", progress.seconds)) s"
    switch outcome {
    case .unfinished: return "not finished: \(progress.step) steps of \(schedule.steps) are done"
    case .tuned: return "tuned on \(pictures) good pictures; \(compared)"
    case .worse: return "the weights from before are kept; \(compared)"
    case .diverged:
      return "the weights from before are kept: the tuning diverged at step \(progress.step + 1)"
    case .tooFewPictures:
      return
        "not tuned: \(TuningOptions.fewestPictures) good training pictures are needed, there are \(pictures)"
    }
  }
}
