import BlemishCore
import Foundation

/// How pretrained weights came about: travels in their file's metadata and beside it.
public struct PretrainingRecord: Sendable, Codable, Equatable {
  /// Every number of the run.
  public var configuration: PretrainingConfiguration
  /// Steps of the optimiser.
  public var steps: Int
  /// Pictures that were generated and learnt from.
  public var pictures: Int
  /// Seconds of training.
  public var seconds: Double
  /// The loss on the validation pictures, of the weights as the file has them.
  public var validationLoss: Double
  /// The soft dice coefficient on them.
  public var validationDice: Double
  /// Where it ran.
  public var machine: Machine
  /// When it ended, in ISO 8601.
  public var date: String
  /// The runs whose weights this one began with, the first of all first; nil where it began with random ones.
  public var earlier: [PretrainingRecord]?

  /// The key of the record in a weight file's metadata.
  public static let metadataKey = "blemish.pretraining"
}
