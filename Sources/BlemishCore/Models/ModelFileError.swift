import BlemishSupport

/// What is wrong with a model file.
public struct ModelFileError: Error, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What is wrong with it.
  public let problem: Problem

  /// An error about a file.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// The file, and what is wrong with it.
  public var description: String { "\(printable(path)): \(problem)" }

  /// What can be wrong.
  public enum Problem: Error, CustomStringConvertible {
    /// It is a file of tensors, but not a Blemish model.
    case notAModel
    /// It is of a format that this version does not know.
    case format(Int)
    /// What it says of its model cannot be read.
    case configuration(String)
    /// Its content is not what was written: a hash over all of it differs.
    case damaged(expected: String, found: String)
    /// Its calibration cannot be used.
    case calibration(String)
    /// It does not hold its backbone's weights, and this file with them does not exist.
    case backboneMissing(path: String)
    /// The backbone's weights that were given are not those that the model was trained with.
    case backboneDiffers(expected: String)
    /// The features that it is for are not the backbone's.
    case features(expected: [FeatureShape], found: [FeatureShape])
    /// Its training is not finished.
    case unfinished
    /// Its training is finished, so that there is nothing to resume.
    case finished
    /// Its parts make no model.
    case unusable(any Error)
    /// Its training, or the tuning of its backbone, cannot be resumed.
    case notResumable(any Error)
    /// It cannot be imported or exported.
    case exchange(any Error)

    /// What is wrong, in words.
    public var description: String {
      switch self {
      case .notAModel: "is not a Blemish model: its metadata has no configuration of one"
      case .format(let format) where format > ModelConfiguration.currentFormat:
        "is a model of format \(format), which needs a newer Blemish than \(blemishVersion)"
      case .format(let format): "is a model of format \(format), which does not exist: the file is damaged"
      case .configuration(let problem):
        "its configuration cannot be read: \(problem); it is damaged, or was written by another version of Blemish"
      case .damaged(let expected, let found):
        "is damaged: its content has the SHA-256 \(found), not \(expected) as when it was written"
      case .calibration(let problem): "its calibration is damaged (\(problem)); calibrate it anew"
      case .backboneMissing(let path):
        "does not hold its backbone's weights, and \(path) does not exist; name the files that do"
      case .backboneDiffers(let expected):
        "the backbone's weights are not those that the model was trained with (SHA-256 \(expected))"
      case .features(let expected, let found): "its features \(found) are not the backbone's, \(expected)"
      case .unfinished: "its training is not finished"
      case .finished: "its training is finished; there is nothing to resume"
      case .unusable(let error): "is not a usable Blemish model: \(error)"
      case .notResumable(let error): "its training cannot be resumed: \(error)"
      case .exchange(let error): "\(error)"
      }
    }
  }
}
