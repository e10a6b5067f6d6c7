import Foundation

/// Where a training stands, apart from its tensors.
public struct TrainingProgress: Sendable, Codable, Equatable {
  /// Steps done over all epochs.
  public var step = 0
  /// The sum of the losses of the epoch under way.
  public var lossSum = 0.0
  /// What the finished epochs gave.
  public var epochs: [EpochRecord] = []
  /// The epoch whose weights are kept so far, counted from 1; 0 before the first.
  public var keptEpoch = 0
  /// What made it the best: larger is better.
  public var keptMerit = -Double.infinity
  /// Training time in seconds.
  public var seconds = 0.0

  /// The start of a training.
  public init() {}
}

extension TrainingProgress {
  private enum CodingKeys: String, CodingKey {
    case step, lossSum, epochs, keptEpoch, keptMerit, seconds
  }

  /// Reads what ``encode(to:)`` wrote.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    step = try values.decode(Int.self, forKey: .step)
    lossSum = try values.decode(Double.self, forKey: .lossSum)
    epochs = try values.decode([EpochRecord].self, forKey: .epochs)
    keptEpoch = try values.decode(Int.self, forKey: .keptEpoch)
    // JSON has no infinity: before the first epoch the key is left out.
    keptMerit = try values.decodeIfPresent(Double.self, forKey: .keptMerit) ?? -.infinity
    seconds = try values.decode(Double.self, forKey: .seconds)
  }

  /// Writes the values under their names.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(step, forKey: .step)
    try values.encode(lossSum, forKey: .lossSum)
    try values.encode(epochs, forKey: .epochs)
    try values.encode(keptEpoch, forKey: .keptEpoch)
    if keptMerit.isFinite { try values.encode(keptMerit, forKey: .keptMerit) }
    try values.encode(seconds, forKey: .seconds)
  }
}
