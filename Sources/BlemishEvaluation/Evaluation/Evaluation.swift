import BlemishCore
import BlemishDatasets
import BlemishImaging
import BlemishMeasures

/// How well a model does on the pictures of a data set.
public struct Evaluation: Sendable {
  /// The figures of a group of pictures: a defect type against all good pictures, or all together.
  public struct Figures: Sendable {
    /// The group's name.
    public var name: String
    /// Pictures evaluated, good ones included.
    public var images: Int
    /// Anomalous pictures among them.
    public var anomalousImages: Int
    /// Every measure, or why it is not defined.
    public var measured: [Measure: Measured]

    /// A measure.
    public subscript(_ measure: Measure) -> Measured {
      measured[measure] ?? .unavailable(reason: "it was not asked for")
    }
  }

  /// One evaluated picture.
  public struct Picture: Sendable {
    /// The sample of the data set.
    public var sample: Sample
    /// The image score.
    public var score: Double
    /// log10 NFA of the most significant region.
    public var logNFA: Double
    /// What the model says of it at its operating point.
    public var verdict: Verdict
    /// Whether a region that is to be reviewed, or makes the picture anomalous, overlaps its defect; nil where no pixel
    /// of a mask says where that is.
    public var isReviewedAtDefect: Bool?
    /// Whether a region that makes the picture anomalous overlaps its defect; nil where no mask says where that is.
    public var isStoppedAtDefect: Bool?
    /// Whether a region has log NFA < 0.
    public var isCalledAnomalous: Bool
    /// The number of connected regions with log NFA < 0.
    public var regions: Int
    /// Whether a region with log NFA < 0 overlaps its defect; nil where no mask says where that is.
    public var isHit: Bool?
    /// The segmentation at log NFA = 0 against the ground truth; nil without one.
    public var segmentation: Segmentation?
    /// The mask that is drawn against the ground truth; nil for a good picture, and where nothing is marked.
    public var mask: MaskAgreement?

    /// Whether its defect was not found: nobody is told to look, or not at the defect.
    public var isMissed: Bool { sample.isAnomalous && !(isReviewedAtDefect ?? (verdict != .good)) }
  }

  /// Pixels of one picture at the size at which maps are evaluated.
  public struct Segmentation: Sendable, Equatable {
    /// Anomalous pixels called anomalous.
    public var truePositives: Int
    /// Normal pixels called anomalous.
    public var falsePositives: Int
    /// All anomalous pixels.
    public var anomalous: Int
    /// Intersection over union; 1 where both are empty.
    public var intersectionOverUnion: Double
  }

  /// Which test decided, and at which limits.
  public var rule: DecisionRule
  /// Everything together.
  public var overall: Figures
  /// Each defect type against all good pictures.
  public var defectTypes: [Figures]
  /// Bootstrap intervals (95%) over pictures of the overall figures, where there are any.
  public var intervals: [Measure: ClosedRange<Double>]
  /// False alarms against promised ones.
  public var calibration: CalibrationCurve
  /// The threshold of the anomaly map that gives at most one false-positive pixel on a good training picture.
  public var fairThreshold: Float?
  /// The pictures in the data set's order.
  public var pictures: [Picture]
  /// Curves over all pictures, for reports.
  public var curves: Curves
  /// Inspection time of a picture, decoding included.
  public var secondsPerImage: Double
  /// What was left out, and why.
  public var warnings: [String]

  /// Curves over all pictures; nil where they are not defined.
  public struct Curves: Sendable {
    /// True-positive rate over false-positive rate, pictures.
    public var imageROC: Curve?
    /// Precision over recall, pictures.
    public var imagePrecisionRecall: Curve?
    /// True-positive rate over false-positive rate, pixels.
    public var pixelROC: Curve?
    /// Per-region overlap over false-positive rate.
    public var perRegionOverlap: Curve?
    /// Precision over recall, pixels.
    public var pixelPrecisionRecall: Curve?
  }
}
