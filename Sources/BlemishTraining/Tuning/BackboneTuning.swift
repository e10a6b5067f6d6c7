import BlemishFiles
import BlemishSupport
import BlemishTorch
import Foundation

/// Tunes the embedded backbone on good pictures with planted defects, and keeps what finds planted defects better
/// in good pictures that it was not tuned on.
final class BackboneTuning {
  /// What a tuning tells as it goes.
  enum Event {
    /// A step of the optimiser.
    case step(SegmenterTrainer.Report)
    /// Something that the user should know.
    case note(String)
  }

  private(set) var record: TuningRecord
  private let initial: [String: StoredTensor]
  private let multiple: Int
  private let seed: UInt64
  private let device: Device
  private var trainer: SegmenterTrainer?
  private var resuming: [String: StoredTensor]

  /// - Parameters:
  ///   - initial: the weights to begin from, with the head's.
  ///   - multiple: what the sides of pictures must be multiples of.
  ///   - resuming: what ``checkpointTensors()`` gave; empty for a tuning that begins.
  init(
    _ record: TuningRecord, initial: [String: StoredTensor], multiple: Int, seed: UInt64, device: Device,
    resuming: [String: StoredTensor]
  ) {
    self.record = record
    self.initial = initial
    self.multiple = multiple
    self.seed = seed
    self.device = device
    self.resuming = resuming
  }

  /// Tunes to the end.
  /// - Parameters:
  ///   - pictures: the good pictures of the training.
  ///   - training: those to tune on.
  ///   - heldOut: those to judge by. Where there are too few, a quarter of the others is set aside.
  ///   - checkpoint: called from time to time, and when it is stopped.
  /// - Returns: the weights that the model should have; nil when the task was cancelled.
  /// - Throws: the error of a picture that cannot be read, or of a checkpoint that is damaged; what `checkpoint`
  ///   throws.
  func run(
    _ pictures: TrainingPictures, training: [Int], heldOut: [Int], checkpointInterval: Double,
    checkpoint: () throws -> Void, report: (Event) -> Void
  ) throws -> [String: StoredTensor]? {
    record.pictures = training.count
    guard training.count >= TuningOptions.fewestPictures else {
      record.outcome = .tooFewPictures
      return initial
    }
    do {
      let material = try Material(
        pictures, training: training, heldOut: heldOut, seed: seed, report: report)
      record.pictures = material.tuning.indices.count
      record.judgedPictures = material.judged.indices.count
      let planted = PlantedGoodPictures(
        material.tuning.pictures, indices: material.tuning.indices, options: record.options,
        multiple: multiple, seed: seed)
      let judge = TuningJudge(
        judged: material.judged, normal: material.tuning, size: (planted.height, planted.width),
        defects: record.options.defects, device: device)
      if record.before == nil { record.before = try judge.score(initial) }
      record.batch = record.options.batch(height: planted.height, width: planted.width)
      if record.steps == nil {
        record.steps = try stepsThatFit(planted)
        if record.schedule.steps < record.options.schedule.steps {
          report(
            .note(
              "\(record.schedule.steps) steps of tuning fit into \(record.options.minutes ?? 0) minutes, of "
                + "\(record.options.schedule.steps)"))
        }
      }
      let trainer = try makeTrainer(planted)
      self.trainer = trainer
      let outcome = try trainer.run(
        checkpointInterval: checkpointInterval,
        checkpoint: {
          record.progress = trainer.progress
          try checkpoint()
        }, report: { report(.step($0)) })
      record.progress = trainer.progress
      guard outcome == .finished else { return nil }
      return try better(halved(trainer.parameters.stateDict()), judge)
    } catch is CancellationError {
      try checkpoint()
      return nil
    } catch is SegmenterDiverged {
      record.progress = trainer?.progress ?? record.progress
      record.outcome = .diverged
      return initial
    }
  }

  /// The tuned weights, or those from before where they are no worse.
  private func better(
    _ tuned: [String: StoredTensor], _ judge: TuningJudge
  ) throws -> [String: StoredTensor] {
    do {
      record.after = try judge.score(tuned)
    } catch is ParameterError {
      // Weights that are no numbers.
      record.after = nil
    }
    let isBetter = (record.after?.merit ?? -1) > (record.before?.merit ?? -1)
    record.outcome = isBetter ? .tuned : .worse
    return isBetter ? tuned : initial
  }

  // MARK: Steps

  private static let timedSteps = 12
  private static let untimedSteps = 3

  /// The number of steps that the time allows. A training that is thrown away is timed, so that the one that
  /// counts depends on the number alone.
  private func stepsThatFit(_ planted: PlantedGoodPictures) throws -> Int {
    let wanted = record.options.schedule.steps
    guard let minutes = record.options.minutes, wanted > Self.timedSteps else { return wanted }
    let trial = try trainer(of: initial, planted)
    _ = try trial.run(until: Self.untimedSteps)
    let before = trial.progress.seconds
    _ = try trial.run(until: Self.timedSteps)
    try Task.checkCancellation()
    let perStep = (trial.progress.seconds - before) / Double(Self.timedSteps - Self.untimedSteps)
    let fitting = minutes * 60 / max(perStep, 1e-6)
    return fitting < Double(wanted) ? max(Int(fitting), 1) : wanted
  }

  private func trainer(
    of weights: [String: StoredTensor], _ planted: PlantedGoodPictures
  ) throws -> SegmenterTrainer {
    try withTorchErrors {
      try SegmenterTrainer(
        parameters: Parameters(
          weights, device: device, productType: record.options.precision?.elementType ?? .float32),
        source: planted, schedule: record.schedule)
    }
  }

  // MARK: Checkpoints

  private static let currentPrefix = "adaptation.current."
  private static let optimizerPrefix = "adaptation."

  /// Whether a tensor of a model file belongs to a tuning that is not finished.
  static func owns(_ name: String) -> Bool { name.hasPrefix(optimizerPrefix) }

  private func makeTrainer(_ planted: PlantedGoodPictures) throws -> SegmenterTrainer {
    guard !resuming.isEmpty else { return try trainer(of: initial, planted) }
    var (weights, optimizer): ([String: StoredTensor], [String: StoredTensor]) = ([:], [:])
    for (name, tensor) in resuming {
      if name.hasPrefix(Self.currentPrefix) {
        weights[String(name.dropFirst(Self.currentPrefix.count))] = tensor
      } else if name.hasPrefix(Self.optimizerPrefix) {
        optimizer[String(name.dropFirst(Self.optimizerPrefix.count))] = tensor
      }
    }
    let trainer = try trainer(of: weights, planted)
    try trainer.resume(record.progress, optimizerTensors: optimizer)
    return trainer
  }

  /// The tensors that an unfinished tuning needs to go on.
  func checkpointTensors() -> [String: StoredTensor] {
    guard let trainer else { return resuming }
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in trainer.parameters.stateDict() { tensors[Self.currentPrefix + name] = tensor }
    for (name, tensor) in trainer.optimizerTensors() { tensors[Self.optimizerPrefix + name] = tensor }
    return tensors
  }
}

/// The pictures of a tuning: those that are tuned on, and those that judge.
private struct Material {
  var tuning: (pictures: GoodPictures, indices: [Int])
  var judged: (pictures: GoodPictures, indices: [Int])

  /// Fewer pictures than these judge too badly.
  private static let fewestJudged = 4

  init(
    _ all: TrainingPictures, training: [Int], heldOut: [Int], seed: UInt64,
    report: (BackboneTuning.Event) -> Void
  ) throws {
    let pictures = try GoodPictures(of: all, training, seed: seed)
    if heldOut.count >= Self.fewestJudged {
      tuning = (pictures, Array(0..<pictures.count))
      let others = try GoodPictures(of: all, heldOut, seed: seed)
      judged = (others, Array(0..<others.count))
      return
    }
    var random = RandomStream(seed: seed, name: "adaptation judges")
    let order = (0..<pictures.count).shuffled(using: &random)
    let count = max(pictures.count / 4, 2)
    report(
      .note(
        "\(count) of \(pictures.count) training pictures are set aside to judge the tuning, as only "
          + "\(heldOut.count) are held out"))
    tuning = (pictures, Array(order.dropFirst(count)))
    judged = (pictures, Array(order.prefix(count)))
  }
}
