import AContrario
import Backbones
import Foundation
import Imaging

/// Everything that a model file says about its model besides tensors.
public struct ModelConfiguration: Sendable, Codable, Equatable {
  /// The version of the file's form.
  public var format = 1
  /// The version of Blemish that wrote it.
  public var blemish = blemishVersion
  /// The detector's name in the catalogue.
  public var detector: String
  /// The detector's own configuration, in JSON.
  public var detectorConfiguration: String
  /// The backbone's name in the catalogue.
  public var backbone: String
  /// SHA-256 over the backbone's tensors; nil for seeded weights.
  public var backboneHash: String?
  /// Where the backbone's weights lay when the model was trained.
  public var backboneFiles: [String]
  /// Whether the backbone's weights are in the model file.
  public var embedsBackbone: Bool
  /// Rows of the pictures that the backbone sees.
  public var height: Int
  /// Columns of the pictures that the backbone sees.
  public var width: Int
  /// The side of the overlapping tiles that pictures are seen in; nil where they are seen whole.
  public var tile: Int?
  /// How pictures are resized.
  public var filter: String
  /// How the backbone's convolutions continue the picture.
  public var padding: String
  /// Rows of the maps that are evaluated.
  public var mapHeight: Int
  /// Columns of the maps that are evaluated.
  public var mapWidth: Int
  /// The backbone's feature maps, of a tile where there are tiles, finest first.
  public var features: [FeatureShape]
  /// What the a contrario test has learnt from good pictures; nil for a model that knows the published test only.
  public var background: LearntBackground?
  /// How the model was trained; nil for one that was imported.
  public var training: TrainingRecord?
}

/// What the a contrario test of a model has learnt.
public struct LearntBackground: Sendable, Codable, Equatable {
  /// The test.
  public var test: CalibratedTest
  /// Where the good pictures came from that it was learnt from.
  public var source: Source

  /// Where the good pictures come from.
  public enum Source: String, Sendable, Codable {
    /// Good pictures that the flow was not trained on.
    case heldOut = "held out"
    /// The training pictures, for want of others: promises are then too optimistic.
    case training
    /// Pictures that a user gave later.
    case recalibrated
  }

  /// The smallest number of false alarms per good picture that is counted; what is promised below is read off
  /// a tail that is fitted to the highest regions.
  public var countedDownTo: Double { pow(10, test.measuredDownTo) }

  /// The number of false alarms per good picture below which promises are extrapolated beyond every region
  /// seen.
  public var fittedDownTo: Double { pow(10, test.seenDownTo) }

  /// What its promises rest on, in words.
  public var summary: String {
    "calibrated on \(test.pictures) good pictures (\(source.rawValue)): promises are counted down to "
      + "\(String(format: "%.2g", countedDownTo)) false alarms per good picture, fitted to the highest regions "
      + "down to \(String(format: "%.2g", fittedDownTo)), and extrapolated below"
  }

  /// Why a promise of so many false alarms per good picture is not to be relied on; nil where it is.
  public func caution(falseAlarms: Double) -> String? {
    if source == .training {
      return "the promise was calibrated on the training pictures, for want of others: expect more false "
        + "alarms; 'blemish calibrate' with fresh good pictures helps"
    }
    guard falseAlarms < fittedDownTo else { return nil }
    return "the promise of \(falseAlarms) false alarms per good picture is extrapolated: \(test.pictures) "
      + "good pictures reach down to \(String(format: "%.2g", fittedDownTo)); 'blemish calibrate' takes more"
  }
}

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
  /// How it was trained.
  public var schedule: TrainingSchedule
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
  public var adaptation: AdaptationRecord?
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

/// The version of this library.
public let blemishVersion = "0.1.0"
