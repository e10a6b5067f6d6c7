import BlemishBackbones
import BlemishFiles
import BlemishSupport
import BlemishSynthesis
import BlemishTorch
import Foundation

/// Trains a segmenter on an endless row of labelled pictures: pretraining's generated ones, or the user's good ones
/// with planted defects.
///
/// A step depends on the weights, the optimiser's state and its own number alone, so that a training that goes on
/// from a checkpoint ends at the same weights as one that was not interrupted.
public final class SegmenterTrainer {
  /// Where a training stands, apart from its tensors.
  public struct Progress: Sendable, Codable, Equatable {
    /// Steps done.
    public var step = 0
    /// Training time in seconds.
    public var seconds = 0.0
    /// The loss, averaged over about the last fifty steps.
    public var loss = 0.0
    /// The soft dice coefficient, averaged likewise.
    public var dice = 0.0

    /// The start of a training.
    public init() {}
  }

  /// What a training reports after every step.
  public struct Report: Sendable {
    /// Where it stands.
    public var progress: Progress
    /// All steps.
    public var steps: Int
    /// Pictures a second, since this session began.
    public var picturesPerSecond: Double
    /// Seconds until the end, at this session's speed.
    public var secondsLeft: Double
  }

  /// The network's tensors and the head's.
  public let parameters: Parameters
  /// How it is trained.
  public var schedule: SegmenterSchedule
  /// Where the training stands.
  public private(set) var progress = Progress()
  private let source: any LabelledPictureSource
  /// One for each half of a batch, with the same weights; the first one's running norms are those that are kept.
  private let segmenters: [DefectSegmenter<TrainedUnit>]
  private let optimizer: Adam
  private let positiveWeight: Tensor

  /// A training from the start.
  /// - Parameters:
  ///   - parameters: newly initialised ones, or those to begin from.
  ///   - architecture: the network's sizes; nil for those of the parameters.
  /// - Throws: ``ParameterError`` when the parameters are of another network, ``PretrainingError`` when a batch is
  ///   too small for norms.
  public init(
    parameters: Parameters, architecture: EmbeddedArchitecture? = nil, source: any LabelledPictureSource,
    schedule: SegmenterSchedule
  ) throws {
    self.parameters = parameters
    self.source = source
    self.schedule = schedule
    var segmenters = [try DefectSegmenter<TrainedUnit>(parameters.root, architecture)]
    if schedule.batch.isMultiple(of: 2) {
      segmenters.append(
        try DefectSegmenter(
          Parameters(sharing: parameters).root, segmenters[0].network.architecture))
    }
    self.segmenters = segmenters
    let coarsest = segmenters[0].network.architecture.strides.last ?? 1
    let cells = (source.height / coarsest) * (source.width / coarsest)
    guard cells * schedule.batch / segmenters.count > 1 else {
      // Norms need two values, and halves of a batch have norms of their own.
      throw PretrainingError.number(
        name: "training.batch", value: "\(schedule.batch)",
        allowed: "3 or more for pictures of \(source.height)x\(source.width)")
    }
    optimizer = Adam(
      parameters.trainable, weightDecay: schedule.weightDecay, decouplingWeightDecay: true)
    positiveWeight = Tensor.full([], schedule.positiveWeight, device: parameters.device)
  }

  /// Trains until the last step, or until the task is cancelled.
  /// - Parameters:
  ///   - end: the step to stop before; nil for the schedule's last.
  ///   - checkpoint: called when `checkpointInterval` seconds have passed, and when the training is stopped.
  /// - Throws: ``SegmenterDiverged`` when the loss is no longer a number; what the closures throw.
  public func run(
    until end: Int? = nil, threads: Int = LabelledBatchLoader.standardThreads,
    checkpointInterval: Double = 180,
    checkpoint: () throws -> Void = {}, report: (Report) -> Void = { _ in }
  ) throws -> TrainingOutcome {
    let end = min(end ?? schedule.steps, schedule.steps)
    guard progress.step < end else { return .finished }
    let (source, batch) = (source, schedule.batch)
    let loader = LabelledBatchLoader(steps: progress.step..<end, threads: threads) { step in
      LabelledBatch(source, step * batch..<(step + 1) * batch)
    }
    // A GPU is kept busy by one half after the other.
    let lanes = segmenters.count > 1 && parameters.device == .cpu ? SecondThread() : nil
    let (start, before) = (ContinuousClock.now, progress)
    var sinceCheckpoint = before.seconds
    while progress.step < end {
      try step(loader.batch(progress.step), lanes)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      progress.seconds = before.seconds + seconds
      let perSecond = Double(progress.step - before.step) / max(seconds, 1e-9)
      report(
        Report(
          progress: progress, steps: schedule.steps, picturesPerSecond: perSecond * Double(batch),
          secondsLeft: Double(schedule.steps - progress.step) / perSecond))
      if Task.isCancelled {
        try checkpoint()
        return .stopped
      }
      if progress.seconds - sinceCheckpoint > checkpointInterval {
        try checkpoint()
        sinceCheckpoint = progress.seconds
      }
    }
    return .finished
  }

  /// One step of the optimiser. The loss of a batch that is seen in halves is their mean, and each half has norms of
  /// its own. Its gradients do not depend on which half is done first: the sum of two numbers has no order.
  private func step(_ batch: LabelledBatch, _ lanes: SecondThread?) throws {
    let device = parameters.device
    try withTorchErrors {
      let (images, targets) = (batch.images(on: device), batch.targets(on: device))
      let count = images.size(0) / segmenters.count
      var values = [[Double]](repeating: [], count: segmenters.count)
      func learn(_ part: Int) -> [Double] {
        let (loss, dice) = Self.loss(
          segmenters[part](images.narrow(0, from: part * count, length: count)),
          targets.narrow(0, from: part * count, length: count), positiveWeight: positiveWeight,
          schedule: schedule)
        (loss * (1 / Double(segmenters.count))).backward()
        // Both in one go: on a GPU every reading waits for all that was asked of it.
        return Tensor.stack([loss.detach(), dice.detach()]).floats.map(Double.init)
      }
      if let lanes {
        var second: [Double] = []
        try lanes.run({ values[0] = learn(0) }, beside: { second = learn(1) })
        values[1] = second
      } else {
        for part in values.indices { values[part] = learn(part) }
      }
      let means = (0..<2).map { index in
        values.reduce(0) { $0 + ($1.count == 2 ? $1[index] : .nan) } / Double(values.count)
      }
      guard means[0].isFinite else {
        throw SegmenterDiverged(step: progress.step + 1, learningRate: schedule.learningRate)
      }
      optimizer.step(learningRate: schedule.learningRate(step: progress.step))
      let fresh = 1 / Double(min(progress.step + 1, 50))
      progress.loss += (means[0] - progress.loss) * fresh
      progress.dice += (means[1] - progress.dice) * fresh
      progress.step += 1
    }
  }

  /// The loss of logits at all strides, finest first, against the defective part of every cell of the finest, and
  /// the soft dice coefficient of the finest. The coarser ones count half; whole pictures as the schedule says.
  static func loss(
    _ logits: [Tensor], _ targets: Tensor, positiveWeight: Tensor, schedule: SegmenterSchedule
  ) -> (loss: Tensor, dice: Tensor) {
    let levels = logits.enumerated().map { level, logits in
      Self.loss(
        logits, level == 0 ? targets : targets.avgPool2d(1 << level, stride: 1 << level, padding: 0),
        positiveWeight: positiveWeight, schedule: schedule)
    }
    var loss = levels.dropFirst().reduce(levels[0].loss) { $0 + $1.loss * 0.5 }
    if schedule.pictureWeight > 0 {
      loss = loss + pictureLoss(logits[0], targets) * schedule.pictureWeight
    }
    return (loss, levels[0].dice)
  }

  /// The cross-entropy of whole pictures, of which a verdict is to be that of its most suspicious cells: what counts in
  /// a good picture are the few that look worst, of which the mean over all cells takes no notice. The logit is the mean
  /// of the highest 256th of all logits; pictures with a defect, of which there are about twice as many, count half.
  private static func pictureLoss(_ logits: Tensor, _ targets: Tensor) -> Tensor {
    let cells = logits.to(.float32).flatten(from: 1)
    let logit = cells.topk(max(cells.size(1) / 256, 1)).mean([1])
    // A cell that is defective is so by a sixteenth at least.
    let isDefective = (targets.flatten(from: 1).amax([1]) * 16).clamp(0, 1)
    return logit.binaryCrossEntropyWithLogits(
      isDefective, positiveWeight: Tensor.zeros([], like: logit).add_(0.5))
  }

  /// The loss and the soft dice coefficient of logits against the defective part of every cell.
  private static func loss(
    _ logits: Tensor, _ targets: Tensor, positiveWeight: Tensor, schedule: SegmenterSchedule
  ) -> (loss: Tensor, dice: Tensor) {
    let entropy = logits.binaryCrossEntropyWithLogits(targets, positiveWeight: positiveWeight)
    let found = logits.sigmoid()
    // One is added to both parts so that a batch without a defect has a dice coefficient as well.
    let size = (found * found).sum() + (targets * targets).sum()
    let dice = ((found * targets).sum() * 2 + 1) / (size + 1)
    return (entropy + (1 - dice) * schedule.diceWeight, dice)
  }

  // MARK: Checkpoints

  private static let optimizerPrefix = "optimizer."

  /// The optimiser's state, which a training needs besides the weights to go on.
  public func optimizerTensors() -> [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in optimizer.stateDict() { tensors[Self.optimizerPrefix + name] = tensor }
    return tensors
  }

  /// Goes on where a checkpoint stands, whose weights the parameters have already.
  /// - Throws: ``ParameterError`` when the state belongs to another network, ``PretrainingError`` when the step
  ///   is not one of the schedule's.
  public func resume(_ progress: Progress, optimizerTensors: [String: StoredTensor]) throws {
    guard (0...schedule.steps).contains(progress.step) else {
      throw PretrainingError.step(progress.step, of: schedule.steps)
    }
    var state: [String: StoredTensor] = [:]
    for (name, tensor) in optimizerTensors where name.hasPrefix(Self.optimizerPrefix) {
      state[String(name.dropFirst(Self.optimizerPrefix.count))] = tensor
    }
    try optimizer.load(state)
    self.progress = progress
  }
}

/// A training whose loss is no longer a number.
public struct SegmenterDiverged: Error, CustomStringConvertible {
  /// The step, counted from 1.
  public var step: Int
  /// The largest learning rate.
  public var learningRate: Double

  /// What happened and what to do.
  public var description: String {
    "The loss of step \(step) is not a number: training has diverged. Take a smaller learning rate than "
      + "\(learningRate)."
  }
}
