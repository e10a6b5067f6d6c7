import BlemishCore
import BlemishMeasures
import Foundation

/// Everything an evaluation report shows. Whatever is `nil` or empty is left out of the page; all strings are
/// plain text.
public struct ReportContent: Sendable {
  /// A number with a name; one that could not be computed says why.
  public struct Figure: Sendable {
    /// What it is, such as "Image AUROC".
    public var name: String
    /// The number; `nil` if it could not be computed.
    public var value: Double?
    /// Digits after the point.
    public var digits: Int
    /// Unit, interval or other text after the number.
    public var suffix: String?
    /// What the number means or, for a missing one, why it is missing.
    public var note: String?

    /// A figure; see the properties.
    public init(_ name: String, _ value: Double?, digits: Int = 3, suffix: String? = nil, note: String? = nil)
    {
      self.name = name
      self.value = value
      self.digits = digits
      self.suffix = suffix
      self.note = note
    }
  }

  /// A cell of the table of metrics.
  public struct Cell: Sendable {
    /// The number; `nil` if it could not be computed.
    public var value: Double?
    /// Its standard deviation.
    public var deviation: Double?
    /// Why the number is missing.
    public var reason: String?
    /// What stands in the place of a number.
    public var text: String?

    /// A text.
    public init(text: String) { self.text = text }

    /// A number, or the reason that there is none.
    public init(_ value: Double?, deviation: Double? = nil, reason: String? = nil) {
      self.value = value
      self.deviation = deviation
      self.reason = reason
    }
  }

  /// A column of the table of metrics.
  public struct Column: Sendable {
    /// The heading.
    public var name: String
    /// Digits after the point.
    public var digits: Int
    /// Whether values lie in 0...1 and more is better; such cells show a bar.
    public var isShare: Bool

    /// A column; see the properties.
    public init(_ name: String, digits: Int = 3, isShare: Bool = true) {
      self.name = name
      self.digits = digits
      self.isShare = isShare
    }
  }

  /// A row of the table of metrics: a defect type, or all together.
  public struct Row: Sendable {
    /// The defect type.
    public var name: String
    /// One cell for each column.
    public var cells: [Cell]
    /// Whether the row sums up the others.
    public var isTotal: Bool

    /// A row; see the properties.
    public init(_ name: String, _ cells: [Cell], isTotal: Bool = false) {
      self.name = name
      self.cells = cells
      self.isTotal = isTotal
    }
  }

  /// Metrics by defect type, or by category.
  public struct Table: Sendable {
    /// The heading above the table.
    public var title = "Metrics by defect type"
    /// The heading of the rows' names.
    public var rowHeading = "Defect"
    /// What the table says, in a sentence.
    public var note: String?
    /// The headings after the first.
    public var columns: [Column]
    /// The rows in the order shown.
    public var rows: [Row]

    /// A table; see the properties.
    public init(columns: [Column], rows: [Row]) {
      self.columns = columns
      self.rows = rows
    }
  }

  /// A line in a chart.
  public struct Curve: Sendable {
    /// What the line shows, such as "pixels (AUROC 0.981)".
    public var name: String
    /// `(x, y)` in the order drawn; values that are not finite are left out.
    public var points: [SIMD2<Double>]
    /// The interval of y at every point; empty for none.
    public var intervals: [ClosedRange<Double>]

    /// A line through points.
    public init(_ name: String, _ points: [SIMD2<Double>], intervals: [ClosedRange<Double>] = []) {
      self.name = name
      self.points = points
      self.intervals = intervals
    }
  }

  /// The scores of the test pictures.
  public struct Scores: Sendable {
    /// What the score is, such as "−log₁₀ NFA".
    public var name: String
    /// Scores of the good pictures.
    public var good: [Double]
    /// Scores of the anomalous pictures.
    public var anomalous: [Double]
    /// The score from which on a picture is called anomalous.
    public var threshold: Double?

    /// Scores; see the properties.
    public init(name: String, good: [Double], anomalous: [Double], threshold: Double? = nil) {
      self.name = name
      self.good = good
      self.anomalous = anomalous
      self.threshold = threshold
    }
  }

  /// How the training went.
  public struct Training: Sendable {
    /// Loss and validation values, x being the epoch.
    public var curves: [Curve]
    /// The epoch whose weights were kept.
    public var keptEpoch: Int?
    /// How that epoch was chosen.
    public var note: String?

    /// A training record; see the properties.
    public init(curves: [Curve], keptEpoch: Int? = nil, note: String? = nil) {
      self.curves = curves
      self.keptEpoch = keptEpoch
      self.note = note
    }
  }

  /// One test picture: what it is and what was found in it.
  public struct Specimen: Sendable {
    /// The file's name.
    public var name: String
    /// The true defect type; `nil` for a good picture.
    public var defectType: String?
    /// What the model says of it.
    public var verdict: Verdict
    /// Whether its defect was missed: something else in the picture may be significant.
    public var isMissed: Bool
    /// The anomaly score.
    public var score: Double?
    /// log10 of the number of false alarms of its most significant region.
    public var logNFA: Double?
    /// The picture (PNG or JPEG).
    public var picture: Data?
    /// The anomaly map laid over the picture (PNG or JPEG).
    public var heatMap: Data?
    /// The predicted mask (PNG or JPEG).
    public var predictedMask: Data?
    /// The true mask (PNG or JPEG).
    public var groundTruth: Data?

    /// A specimen; see the properties.
    public init(
      name: String,
      defectType: String?,
      verdict: Verdict,
      isMissed: Bool? = nil,
      score: Double? = nil,
      logNFA: Double? = nil,
      picture: Data? = nil,
      heatMap: Data? = nil,
      predictedMask: Data? = nil,
      groundTruth: Data? = nil
    ) {
      self.name = name
      self.defectType = defectType
      self.verdict = verdict
      self.isMissed = isMissed ?? (defectType != nil && verdict == .good)
      self.score = score
      self.logNFA = logNFA
      self.picture = picture
      self.heatMap = heatMap
      self.predictedMask = predictedMask
      self.groundTruth = groundTruth
    }
  }

  /// Pictures shown together, such as the worst misses.
  public struct Gallery: Sendable {
    /// The heading.
    public var title: String
    /// How the pictures were chosen and sorted.
    public var note: String?
    /// The pictures in the order shown.
    public var specimens: [Specimen]

    /// A gallery; see the properties.
    public init(_ title: String, note: String? = nil, specimens: [Specimen]) {
      self.title = title
      self.note = note
      self.specimens = specimens
    }
  }

  /// Another page, in the same folder.
  public struct Link: Sendable {
    /// What it is.
    public var name: String
    /// The file's name.
    public var path: String

    /// A link; see the properties.
    public init(_ name: String, path: String) {
      self.name = name
      self.path = path
    }
  }

  /// A line of the configuration or of the versions.
  public struct Property: Sendable {
    /// What is set.
    public var name: String
    /// To what.
    public var value: String

    /// A name and a value.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// What was evaluated, such as "Magnetic tiles".
  public var title: String
  /// With what and when, in one line.
  public var subtitle: String?
  /// The result in one or two sentences.
  public var summary: String?
  /// The most important figures, up to about six.
  public var headline: [Figure] = []
  /// What a reader must know to judge the figures, such as that the epoch was chosen on test data.
  public var cautions: [String] = []
  /// Metrics by defect type and overall.
  public var metrics: Table?
  /// The verdicts against the truth, and what other limits would stop.
  public var verdicts: [Table] = []
  /// Every picture.
  public var listing: Table?
  /// What is left of them where all pictures are disturbed.
  public var robustness: Table?
  /// True-positive rate against false-positive rate.
  public var roc: [Curve] = []
  /// Per-region overlap against false-positive rate, up to `proLimit`.
  public var perRegionOverlap: [Curve] = []
  /// The false-positive rate up to which the per-region overlap counts.
  public var proLimit = 0.3
  /// Precision against recall.
  public var precisionRecall: [Curve] = []
  /// Observed against promised false alarms per good picture.
  public var calibration: [Curve] = []
  /// The scores of good and anomalous pictures.
  public var scores: Scores?
  /// How the training went.
  public var training: Training?
  /// Pictures, the most telling first.
  public var galleries: [Gallery] = []
  /// Pages of the parts that this one sums up.
  public var links: [Link] = []
  /// The configuration of the model and of the evaluation.
  public var configuration: [Property] = []
  /// Versions of the program and its parts, the machine, the data set's fingerprint.
  public var versions: [Property] = []

  /// A report with nothing but a title, to be filled.
  public init(title: String) { self.title = title }
}
