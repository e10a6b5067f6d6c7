/// How the learning rate moves and how long training goes on.
public struct TrainingSchedule: Sendable, Codable, Equatable {
  /// The course of the learning rate, as a factor.
  public enum Course: Sendable, Codable, Equatable {
    /// From 1 to `end` in a straight line over all steps.
    case ramp(end: Double)
    /// As the published U-Flow trainer does: the line's length is counted in steps, but it moves once an epoch.
    case rampPerEpoch(end: Double)
    /// A straight line from `start` to 1 over the first epochs; then a factor at every milestone. Counted in
    /// epochs.
    case warmUpAndMilestones(start: Double, warmUp: Int, milestones: [Int], factor: Double)
  }

  /// Passes over the training pictures.
  public var epochs: Int
  /// Pictures a step.
  public var batch: Int
  /// Adam's learning rate where the course is 1.
  public var learningRate: Double
  /// How much of each parameter is added to its gradient.
  public var weightDecay: Double
  /// The course of the learning rate.
  public var course: Course
  /// The largest Euclidean norm of all gradients together; nil for no limit.
  public var gradientNormLimit: Double?
  /// Training stops after this many epochs without a better one; nil to train to the end.
  public var patience: Int?

  /// A schedule.
  public init(
    epochs: Int, batch: Int, learningRate: Double, weightDecay: Double, course: Course,
    gradientNormLimit: Double? = nil, patience: Int? = nil
  ) {
    self.epochs = epochs
    self.batch = batch
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.course = course
    self.gradientNormLimit = gradientNormLimit
    self.patience = patience
  }

  /// Checks that the numbers make a training.
  /// - Throws: ``ScheduleError``.
  public func check() throws(ScheduleError) {
    guard ScheduleError.counts ~= epochs else { throw .epochs(epochs) }
    guard ScheduleError.counts ~= batch else { throw .batch(batch) }
    guard learningRate > 0, learningRate.isFinite else { throw .learningRate(learningRate) }
    guard weightDecay >= 0, weightDecay.isFinite else { throw .weightDecay(weightDecay) }
    if let patience, patience < 1 { throw .patience(patience) }
    if let limit = gradientNormLimit {
      guard limit > 0, limit.isFinite else { throw .gradientNormLimit(limit) }
    }
  }

  /// The learning rate of a step, counted from 0 over all epochs.
  public func learningRate(step: Int, stepsPerEpoch: Int) -> Double {
    let epoch = step / max(stepsPerEpoch, 1)
    let all = max(epochs * stepsPerEpoch, 1)
    switch course {
    case .ramp(let end):
      return learningRate * line(from: 1, to: end, at: step, of: all)
    case .rampPerEpoch(let end):
      return learningRate * line(from: 1, to: end, at: epoch, of: all)
    case .warmUpAndMilestones(let start, let warmUp, let milestones, let factor):
      let passed = milestones.count { epoch >= $0 }
      return learningRate * line(from: start, to: 1, at: epoch, of: warmUp)
        * (0..<passed).reduce(1) { product, _ in product * factor }
    }
  }

  /// The schedule over another number of epochs, with what its course counts in epochs in proportion.
  public func lasting(_ epochs: Int) -> TrainingSchedule {
    var schedule = self
    schedule.epochs = epochs
    if case .warmUpAndMilestones(let start, let warmUp, let milestones, let factor) = course {
      func scaled(_ epoch: Int) -> Int {
        Int((Double(epoch) * Double(epochs) / Double(max(self.epochs, 1))).rounded())
      }
      schedule.course = .warmUpAndMilestones(
        start: start, warmUp: scaled(warmUp), milestones: milestones.map(scaled), factor: factor)
    }
    return schedule
  }

  private func line(from start: Double, to end: Double, at position: Int, of length: Int) -> Double {
    start + (end - start) * min(Double(position) / Double(max(length, 1)), 1)
  }
}

/// A number of a schedule that makes no training.
public enum ScheduleError: Error, Equatable, CustomStringConvertible {
  /// The number of epochs.
  case epochs(Int)
  /// The number of pictures in a batch.
  case batch(Int)
  /// The learning rate.
  case learningRate(Double)
  /// The weight decay.
  case weightDecay(Double)
  /// The number of epochs without a better one.
  case patience(Int)
  /// The limit of the gradients' norm.
  case gradientNormLimit(Double)

  /// How many epochs, and pictures in a batch, there may be.
  static let counts = 1...1_000_000

  /// Which number is wrong, and how.
  public var description: String {
    switch self {
    case .epochs(let number):
      "the number of epochs must be from 1 to \(Self.counts.upperBound), not \(number)"
    case .batch(let number):
      "the number of pictures in a batch must be from 1 to \(Self.counts.upperBound), not \(number)"
    case .learningRate(let rate): "the learning rate must be greater than 0, not \(rate)"
    case .weightDecay(let decay): "the weight decay must be at least 0, not \(decay)"
    case .patience(let epochs): "the patience must be at least 1 epoch, not \(epochs)"
    case .gradientNormLimit(let limit):
      "the limit of the gradients' norm must be greater than 0, not \(limit)"
    }
  }
}
