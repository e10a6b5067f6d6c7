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
    let counts = 1...1_000_000
    let least = "from 1 to \(counts.upperBound)"
    guard counts ~= epochs else { throw .init("number of epochs", epochs, least) }
    guard counts ~= batch else { throw .init("number of pictures in a batch", batch, least) }
    guard learningRate > 0, learningRate.isFinite else {
      throw .init("learning rate", learningRate, "greater than 0")
    }
    guard weightDecay >= 0, weightDecay.isFinite else {
      throw .init("weight decay", weightDecay, "at least 0")
    }
    guard patience ?? 1 >= 1 else { throw .init("patience", patience ?? 0, "at least 1 epoch") }
    guard gradientNormLimit.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw .init("limit of the gradients' norm", gradientNormLimit ?? 0, "greater than 0")
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
public struct ScheduleError: Error, Equatable, CustomStringConvertible {
  /// Which number.
  public let name: String
  /// What it is.
  public let value: String
  /// What it must be.
  public let allowed: String

  /// A number that makes no training.
  public init(_ name: String, _ value: some CustomStringConvertible, _ allowed: String) {
    self.name = name
    self.value = value.description
    self.allowed = allowed
  }

  /// Which number is wrong, and how.
  public var description: String { "the \(name) must be \(allowed), not \(value)" }
}
