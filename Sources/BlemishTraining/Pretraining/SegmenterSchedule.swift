import BlemishSupport
import Foundation

/// How a segmenter is trained: AdamW, a rate that warms up and falls as half a cosine, and what counts how much.
public struct SegmenterSchedule: Sendable, Codable, Equatable {
  /// Steps of the optimiser.
  public var steps: Int
  /// Pictures a step.
  public var batch: Int
  /// The largest learning rate.
  public var learningRate: Double
  /// Steps until the largest rate is reached; of a short training, a tenth of all.
  public var warmUp: Int
  /// How much of every parameter is taken away at a step of rate 1.
  public var weightDecay: Double
  /// How much more defective cells count in the cross-entropy than good ones.
  public var positiveWeight: Double
  /// How much 1 - dice counts beside the cross-entropy.
  public var diceWeight: Double
  /// How much the cross-entropy of whole pictures counts beside that of cells.
  public var pictureWeight: Double

  /// The learning rate of a step, counted from 0.
  public func learningRate(step: Int) -> Double {
    let warm = min(Double(step + 1) / Double(max(min(warmUp, steps / 10), 1)), 1)
    return learningRate * warm * 0.5 * (1 + cos(.pi * Double(step) / Double(max(steps, 1))))
  }

  /// Checks that the numbers make a training.
  /// - Throws: ``PretrainingError`` that names the number.
  public func check() throws {
    try Self.check(steps, "steps", 1...1_000_000_000)
    try Self.check(batch, "batch", 1...100_000)
    try Self.check(warmUp, "warmUp", 0...1_000_000_000)
    try Self.check(learningRate, "learningRate", 1e-12...1e6)
    try Self.check(weightDecay, "weightDecay", 0...1e6)
    try Self.check(positiveWeight, "positiveWeight", 1e-6...1e6)
    try Self.check(diceWeight, "diceWeight", 0...1e6)
    try Self.check(pictureWeight, "pictureWeight", 0...1e6)
  }

  static func check<Number: Comparable>(_ number: Number, _ name: String, _ range: ClosedRange<Number>) throws
  {
    guard range.contains(number) else {
      throw PretrainingError.number(
        name: name, value: "\(number)", allowed: "from \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
