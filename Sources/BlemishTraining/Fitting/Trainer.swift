import BlemishCore
import BlemishFiles
import BlemishSupport
import BlemishTorch
import Foundation

/// Trains a model's detector on the features of good pictures.
///
/// Everything that is drawn comes from the seed and the epoch's number, so that a training that goes on from a
/// checkpoint takes the same steps as one that was not interrupted.
public final class Trainer {
  /// What a training reports as it goes.
  public struct Report {
    /// Where it stands.
    public var progress: TrainingProgress
    /// The mean loss per feature element of the epoch so far.
    public var loss: Double
    /// The learning rate of the step.
    public var learningRate: Double
    /// The steps that remain.
    public var remainingSteps: Int
    /// Whether an epoch has just ended.
    public var endedEpoch: Bool
  }

  /// How it is trained.
  public let schedule: TrainingSchedule
  /// Where the training stands.
  public private(set) var progress = TrainingProgress()

  private let model: Model
  private let detector: any GradientFitted
  private let parameters: Parameters
  private let pictures: TrainingFeatures
  private let heldOut: TrainingFeatures?
  private let seed: UInt64
  private let selection: EpochSelection
  private let testAUROC: (() throws -> Double)?
  private let optimizer: Adam
  private var kept: [String: StoredTensor]?

  /// A training from the start.
  /// - Parameters:
  ///   - detector: the model's detector, whose parameters the steps change in place.
  ///   - parameters: these parameters.
  ///   - heldOut: good pictures whose likelihood chooses the epoch; without, the last epoch is kept.
  ///   - testAUROC: the pixel AUROC of the model as it is on the test set, for ``EpochSelection/testAUROC``.
  public init(
    model: Model, _ detector: any GradientFitted, _ parameters: Parameters, pictures: TrainingFeatures,
    heldOut: TrainingFeatures?, schedule: TrainingSchedule,
    seed: UInt64, selection: EpochSelection, testAUROC: (() throws -> Double)? = nil
  ) {
    self.model = model
    self.detector = detector
    self.parameters = parameters
    self.pictures = pictures
    self.heldOut = heldOut
    self.schedule = schedule
    self.seed = seed
    self.selection = selection
    self.testAUROC = testAUROC
    optimizer = Adam(parameters.trainable, weightDecay: schedule.weightDecay)
  }

  /// The number of steps of an epoch.
  public var stepsPerEpoch: Int { (itemsPerEpoch + schedule.batch - 1) / max(schedule.batch, 1) }

  /// An epoch sees every picture, or tile, in one of its lights.
  private var itemsPerEpoch: Int { pictures.count / pictures.versions }

  /// Trains until the schedule ends, patience runs out, or the task is cancelled.
  /// - Parameters:
  ///   - checkpoint: called when `checkpointInterval` seconds have passed, and when the training is stopped.
  /// - Throws: ``TrainingError`` when the loss is no longer a number; what the closures throw.
  public func run(
    checkpointInterval: Double = 180, checkpoint: () throws -> Void,
    report: (Report) -> Void
  ) throws -> TrainingOutcome {
    var clock = ContinuousClock.now
    var sinceCheckpoint = 0.0
    let all = schedule.epochs * stepsPerEpoch
    while progress.step < all && !patienceRanOut {
      let loss = try step()
      progress.lossSum += loss
      progress.step += 1
      let done = (progress.step - 1) % stepsPerEpoch + 1
      let mean = progress.lossSum / Double(done)
      let rate = schedule.learningRate(step: progress.step - 1, stepsPerEpoch: stepsPerEpoch)
      let ended = done == stepsPerEpoch
      if ended { try endEpoch(loss: mean, learningRate: rate) }
      let now = ContinuousClock.now
      let passed = (now - clock) / .seconds(1)
      clock = now
      progress.seconds += passed
      sinceCheckpoint += passed
      report(
        Report(
          progress: progress, loss: mean, learningRate: rate, remainingSteps: all - progress.step,
          endedEpoch: ended))
      if Task.isCancelled {
        try checkpoint()
        return .stopped
      }
      if sinceCheckpoint > checkpointInterval {
        try checkpoint()
        sinceCheckpoint = 0
      }
    }
    return .finished
  }

  /// One step of the optimiser; the loss per feature element.
  private func step() throws -> Double {
    try withTorchErrors {
      let loss = detector.losses(try batch(progress.step)).mean()
      let value = loss.item
      guard value.isFinite else {
        throw TrainingError.diverged(step: progress.step + 1, learningRate: schedule.learningRate)
      }
      loss.backward()
      if let limit = schedule.gradientNormLimit {
        clipGradientNorm(parameters.trainable.map(\.tensor), limit: limit)
      }
      optimizer.step(learningRate: schedule.learningRate(step: progress.step, stepsPerEpoch: stepsPerEpoch))
      return value / Double(model.configuration.featureElements)
    }
  }

  /// The features of a step. What the next one needs of pictures is read while this one is computed.
  private func batch(_ step: Int) throws -> [Tensor] {
    let features = try pictures.batch(chosen(step))
    if step + 1 < schedule.epochs * stepsPerEpoch { pictures.readAhead(chosen(step + 1)) }
    return features
  }

  /// What is drawn for a step.
  private func chosen(_ step: Int) -> [Int] {
    let (epoch, position) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
    var random = RandomStream(seed: seed, name: "epoch \(epoch)")
    let order = Array(0..<itemsPerEpoch).shuffled(using: &random).map { item in
      let (picture, look) = item.quotientAndRemainder(dividingBy: model.configuration.looks)
      let version = pictures.versions == 1 ? 0 : Int.random(in: 0..<pictures.versions, using: &random)
      return (picture * pictures.versions + version) * model.configuration.looks + look
    }
    return Array(order[(position * schedule.batch)..<min((position + 1) * schedule.batch, order.count)])
  }

  private func endEpoch(loss: Double, learningRate: Double) throws {
    var record = EpochRecord(epoch: progress.epochs.count + 1, loss: loss, learningRate: learningRate)
    // What is no number is the worst there is, and cannot be written.
    record.heldOutLoss = try heldOut.map(meanLoss).flatMap { $0.isFinite ? $0 : nil }
    if selection == .testAUROC { record.testPixelAUROC = try testAUROC?() }
    let merit: Double =
      switch selection {
      case .likelihood where heldOut != nil: record.heldOutLoss.map { -$0 } ?? -.infinity
      case .likelihood: Double(record.epoch)
      case .last: Double(record.epoch)
      case .testAUROC: record.testPixelAUROC ?? Double(record.epoch)
      }
    progress.epochs.append(record)
    progress.lossSum = 0
    if merit > progress.keptMerit {
      progress.keptMerit = merit
      progress.keptEpoch = record.epoch
      if !keepsLast { kept = parameters.stateDict() }
    }
  }

  /// Whether the last epoch is kept whatever it gives, so that the present weights are the ones to keep.
  private var keepsLast: Bool { selection == .last || selection == .likelihood && heldOut == nil }

  /// The mean loss of held-out pictures, or, where more are held out than trained on, of as many, evenly taken: the
  /// promises of the test want many, but an epoch should not spend its time on them.
  private func meanLoss(_ features: TrainingFeatures) throws -> Double {
    let count = min(features.count, pictures.count)
    var sum = 0.0
    for start in stride(from: 0, to: count, by: schedule.batch) {
      let indices = (start..<min(start + schedule.batch, count)).map { $0 * features.count / count }
      sum += try withTorchErrors {
        try withoutGradient {
          detector.losses(try features.batch(indices)).sum().item
        }
      }
    }
    return sum / Double(count * model.configuration.featureElements)
  }

  private var patienceRanOut: Bool {
    guard let patience = schedule.patience else { return false }
    return progress.epochs.count - progress.keptEpoch >= patience
  }

  /// Gives the model the weights of the best epoch.
  /// - Throws: ``ParameterError`` when they belong to another model.
  public func restoreKept() throws {
    if let kept { try setParameters { kept[$0] } }
  }

  private func setParameters(_ stored: (String) -> StoredTensor?) throws {
    for (name, tensor) in parameters.trainable {
      guard let stored = stored(name) else { throw ParameterError.missing(name: name) }
      guard stored.shape == tensor.shape else {
        throw ParameterError.shape(name: name, expected: tensor.shape, found: stored.shape)
      }
      let value = Tensor(stored)
      guard value.isFinite else { throw ParameterError.notFinite(name: name) }
      _ = withoutGradient { tensor.copy_(value.to(device: model.device)) }
    }
  }

  /// The weights of the best epoch so far; the present ones before one has ended, and where the last is kept.
  public var keptStateDict: [String: StoredTensor] { kept ?? parameters.stateDict() }

  // MARK: Checkpoints

  private static let currentPrefix = "training.current."
  private static let optimizerPrefix = "training.optimizer."

  /// The tensors that a training needs besides the kept weights to go on.
  public func checkpointTensors() -> [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in parameters.trainable { tensors[Self.currentPrefix + name] = tensor.stored }
    for (name, tensor) in optimizer.stateDict() { tensors[Self.optimizerPrefix + name] = tensor }
    return tensors
  }

  /// Goes on where a checkpoint stands.
  /// - Throws: ``ParameterError`` when the checkpoint belongs to another model, ``TrainingError`` when its
  ///   numbers contradict each other.
  public func resume(_ progress: TrainingProgress, tensors: [String: StoredTensor]) throws {
    try check(progress)
    if progress.keptEpoch > 0, !keepsLast { kept = parameters.stateDict() }
    try setParameters { tensors[Self.currentPrefix + $0] }
    var state: [String: StoredTensor] = [:]
    for (name, tensor) in tensors where name.hasPrefix(Self.optimizerPrefix) {
      state[String(name.dropFirst(Self.optimizerPrefix.count))] = tensor
    }
    try optimizer.load(state)
    self.progress = progress
  }

  private func check(_ progress: TrainingProgress) throws {
    let epochs = progress.epochs.count
    guard (0...schedule.epochs * stepsPerEpoch).contains(progress.step),
      epochs == progress.step / stepsPerEpoch, (0...epochs).contains(progress.keptEpoch)
    else {
      throw TrainingError.record(
        epochs: epochs, stepsPerEpoch: stepsPerEpoch, keptEpoch: progress.keptEpoch, steps: progress.step)
    }
  }
}
