import BlemishSupport

/// What stands in the way of a pretraining, or of a tuning.
public enum PretrainingError: Error, CustomStringConvertible {
  /// A number of the configuration is none that a run can have.
  case number(name: String, value: String, allowed: String)
  /// Numbers are to be shares, but one is negative, or all are 0.
  case shares(name: String)
  /// An interval does not go from a low to a high within these bounds.
  case interval(name: String, least: Double, most: Double)
  /// The pictures to validate with would be those that are trained on.
  case sameSeed
  /// The configuration has not the entries that it must have.
  case entries(place: String, expected: [String])
  /// The configuration has an entry that nobody knows.
  case unknownEntry(String, place: String, known: [String])
  /// The configuration lacks an entry.
  case missingEntry(String)
  /// The text of the configuration cannot be read.
  case syntax(String)
  /// The file of the weights has the name that the record's has.
  case recordPath(String)
  /// A file of weights says nothing of a pretraining.
  case noRecord(path: String)
  /// A file of weights is of a network of other sizes.
  case otherNetwork(path: String)
  /// A file of weights was trained with a seed: its pictures would be the same again.
  case usedSeed(path: String, seed: UInt64, name: String)
  /// There is no checkpoint to go on with.
  case nothingToResume(path: String)
  /// A file is no checkpoint of a pretraining.
  case notACheckpoint
  /// The checkpoint is of a run with another configuration.
  case otherConfiguration
  /// A checkpoint's step is none of the schedule's.
  case step(Int, of: Int)
  /// What is wrong in a part of the configuration, or in a file.
  indirect case within(String, any Error)

  /// What stands in the way.
  public var description: String {
    switch self {
    case .number(let name, let value, let allowed): "\(name) must be \(allowed), not \(value)"
    case .shares(let name): "\(name) must be shares of at least 0 that are not all 0"
    case .interval(let name, let least, let most):
      "\(name) must go from a low of at least \(least) to a high of at most \(most)"
    case .sameSeed: "validation.seed must be another than seed: the pictures would be the same"
    case .entries(let place, let expected):
      "\(place) must have the entries \(expected.joined(separator: ", "))"
    case .unknownEntry(let name, let place, let known):
      "\(name) is unknown; \(place) has \(known.joined(separator: ", "))"
    case .missingEntry(let name): "\(name) is missing"
    case .syntax(let problem): problem
    case .recordPath(let path):
      "\(printable(path)): is where the record goes; name the weights' file .safetensors"
    case .noRecord(let path): "\(printable(path)): has no record of a pretraining"
    case .otherNetwork(let path):
      "\(printable(path)): is of a network of other sizes than the configuration's"
    case .usedSeed(let path, let seed, let name):
      "\(printable(path)): was trained with seed \(seed): the same pictures again; set another \(name)"
    case .nothingToResume(let path): "\(printable(path)): does not exist; there is nothing to resume"
    case .notACheckpoint: "it is not a checkpoint of a pretraining"
    case .otherConfiguration: "it was begun with another configuration; remove it to begin anew"
    case .step(let step, let steps): "step \(step) is not one of \(steps)"
    case .within(let place, let error): "\(place)\(error)"
    }
  }
}
