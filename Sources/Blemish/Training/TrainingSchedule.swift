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
  /// - Throws: ``ConfigurationError`` that names the number.
  public func check() throws {
    let counts = 1...1_000_000
    guard counts ~= epochs else {
      throw ConfigurationError("The number of epochs must be from 1 to \(counts.upperBound), not \(epochs).")
    }
    guard counts ~= batch else {
      throw ConfigurationError("The batch must be from 1 to \(counts.upperBound) pictures, not \(batch).")
    }
    guard learningRate > 0, learningRate.isFinite else {
      throw ConfigurationError("The learning rate must be greater than 0, not \(learningRate).")
    }
    guard weightDecay >= 0, weightDecay.isFinite else {
      throw ConfigurationError("The weight decay must not be negative, but it is \(weightDecay).")
    }
    guard patience ?? 1 >= 1 else {
      throw ConfigurationError("The patience must be at least 1 epoch, not \(patience ?? 0).")
    }
    guard gradientNormLimit.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw ConfigurationError("The limit of the gradients' norm must be greater than 0.")
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
