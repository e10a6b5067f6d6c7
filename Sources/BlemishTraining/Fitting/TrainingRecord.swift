import BlemishBackbones
import BlemishCore
import BlemishSupport

/// How a model was trained.
public struct TrainingRecord: Sendable, Codable, Equatable {
  /// When the model was written, in ISO 8601.
  public var date: String
  /// The folder of the data set.
  public var data: String
  /// The data set's published layout.
  public var format: String
  /// The category, where the data set has several.
  public var category: String?
  /// The part of the good pictures that was to be held out.
  public var heldOut: Double
  /// The pictures that the flow was trained on.
  public var trainingPictures: Int
  /// Good pictures that were held out to choose the epoch.
  public var heldOutPictures: Int
  /// A hash over the names and contents of the training pictures and of those held out.
  public var fingerprint: String
  /// The seed of everything that is drawn.
  public var seed: UInt64
  /// How it was trained; nil for a detector that is fitted without gradient steps.
  public var schedule: TrainingSchedule?
  /// How the epoch was chosen.
  public var selection: EpochSelection
  /// What each epoch gave, and which was kept.
  public var progress: TrainingProgress
  /// Whether training came to its end; a model of an interrupted one can be resumed.
  public var finished: Bool
  /// The machine and the versions that it was trained with.
  public var machine: Machine
  /// The size of the pictures that was asked for, as the command line has it; nil for the detector's choice.
  public var size: String?
  /// With what numbers backbone and flow computed.
  public var precision: Precision
  /// The numbers in which features waited for the flow.
  public var featurePrecision: FeaturePrecision
  /// A hash over the weights that the backbone began with, before it was tuned; nil where they are drawn.
  public var backboneHash: String?
  /// How the backbone was tuned before; nil where it was not.
  public var tuning: TuningRecord?
  /// In how many lights every training picture was seen; nil for once, as it is.
  public var lights: Int?
  /// Whether the embedded backbone's evidence joined the features of another.
  public var joinsEvidence: Bool?

  private enum CodingKeys: String, CodingKey {
    case date, data, format, category, heldOut, trainingPictures, heldOutPictures, fingerprint, seed, schedule
    case selection, progress, finished, machine, size, precision, featurePrecision, backboneHash, lights,
      joinsEvidence
    case tuning = "adaptation"
  }
}

/// What one epoch gave.
public struct EpochRecord: Sendable, Codable, Equatable {
  /// Counted from 1.
  public var epoch: Int
  /// The mean training loss per feature element.
  public var loss: Double
  /// The mean loss per feature element of the held-out good pictures.
  public var heldOutLoss: Double?
  /// The pixel AUROC on the test set, where it chooses the epoch.
  public var testPixelAUROC: Double?
  /// The learning rate at the epoch's end.
  public var learningRate: Double
}

/// Which epoch's weights a model keeps.
public enum EpochSelection: String, Sendable, Codable, CaseIterable {
  /// The one with the best likelihood on held-out good pictures: no test picture is looked at.
  case likelihood
  /// The last one.
  case last
  /// The one with the best pixel AUROC on the test set, as the published code does: its figures are optimistic,
  /// because the test set has been used to choose.
  case testAUROC = "test-auroc"
}

extension ModelConfiguration {
  /// How the model was trained; nil for one that was imported, and for a record of another version's.
  public var trainingRecord: TrainingRecord? {
    get { try? training?.decoded() }
    set { training = newValue.flatMap { try? JSONValue($0) } }
  }
}
