import BlemishSupport

/// What stands in the way of a training.
public enum TrainingError: Error, CustomStringConvertible {
  /// There are no good pictures to train on.
  case noPictures(path: String, format: String)
  /// There are too few good pictures of different content to train on.
  case tooFewPictures(path: String, count: Int, distinct: Int, least: Int)
  /// There are too few good pictures of different content among those that are held out.
  case tooFewHeldOut(path: String, count: Int, distinct: Int, least: Int)
  /// The held-out part of the good pictures is not at least 0 and less than 1.
  case heldOut(Double)
  /// The epoch is to be chosen by the test set, but there are no anomalous test pictures with masks.
  case noMasks(path: String)
  /// The pixel AUROC on the test set is not defined.
  case undefinedAUROC(reason: String)
  /// The loss is no longer a number.
  case diverged(step: Int, learningRate: Double)
  /// Where a training stands contradicts itself.
  case record(epochs: Int, stepsPerEpoch: Int, keptEpoch: Int, steps: Int)
  /// The pictures are not those of the training that is to go on.
  case otherPictures(path: String)
  /// The backbone cannot be tuned on good pictures.
  case notTunable(backbone: String)
  /// A folder is to hold tuned weights, but its file does not.
  case sharedTuning(path: String, problem: String)
  /// A number of a schedule is none that a training can have.
  case number(name: String, value: String, allowed: String)
  /// A file would be overwritten that holds an unfinished training.
  case unfinished(path: String)
  /// The features cannot be kept on disk.
  case cache(folder: String, problem: String)

  /// What stands in the way.
  public var description: String {
    switch self {
    case .noPictures(let path, let format):
      "\(printable(path)): there are no good pictures to train on (read as \(format))"
    case .tooFewPictures(let path, let count, let distinct, let least):
      "\(printable(path)): there are \(count) good pictures\(Self.distinct(distinct, of: count)); at least \(least) "
        + "different ones are needed to train on"
    case .tooFewHeldOut(let path, let count, let distinct, let least):
      "\(printable(path)): \(count) good \(count == 1 ? "picture is" : "pictures are") held out"
        + "\(Self.distinct(distinct, of: count)); at least \(least) different ones are needed to calibrate on, or none"
    case .heldOut(let part): "the held-out part must be at least 0 and less than 1, not \(part)"
    case .noMasks(let path):
      "\(printable(path)): there are no anomalous test pictures with masks, by which an epoch could be chosen"
    case .undefinedAUROC(let reason): "the pixel AUROC is not defined: \(reason)"
    case .diverged(let step, let rate):
      "the loss of step \(step) is not a number: training has diverged; take a smaller learning rate than \(rate)"
    case .record(let epochs, let stepsPerEpoch, let keptEpoch, let steps):
      "the record of \(epochs) epochs of \(stepsPerEpoch) steps, of which epoch \(keptEpoch) is kept, does not fit "
        + "\(steps) steps"
    case .otherPictures(let path):
      "\(printable(path)): its pictures have changed since it was interrupted; train anew"
    case .notTunable(let backbone): "the backbone \(backbone) cannot be tuned on good pictures"
    case .sharedTuning(let path, let problem):
      "\(printable(path)): holds no tuned weights (\(problem)); remove it"
    case .number(let name, let value, let allowed): "the \(name) must be \(allowed), not \(value)"
    case .unfinished(let path): "\(printable(path)): holds an unfinished training"
    case .cache(let folder, let problem): "\(printable(folder)): \(problem)"
    }
  }

  private static func distinct(_ distinct: Int, of count: Int) -> String {
    distinct < count ? ", but only \(distinct) \(distinct == 1 ? "is" : "are") different to the bit" : ""
  }
}
