import BlemishSupport
import Foundation

/// A finding as JSON for other programs.
public struct FindingJSON: Codable, Sendable, Equatable {
  /// A region, in the picture's own pixels.
  public struct Region: Codable, Sendable, Equatable {
    /// A place between pixels.
    public struct Point: Codable, Sendable, Equatable {
      /// The column.
      public var x: Double
      /// The row.
      public var y: Double
    }
    /// Whether it makes the picture anomalous, or is to be reviewed.
    public var verdict: Verdict
    /// The column of its leftmost pixel.
    public var x: Int
    /// The row of its uppermost pixel.
    public var y: Int
    /// Columns of its bounding box.
    public var width: Int
    /// Rows of its bounding box.
    public var height: Int
    /// Pixels.
    public var area: Int
    /// The mean place of its pixels.
    public var centroid: Point
    /// log10 NFA.
    public var logNFA: Double
    /// Its outline, and its sides along its main axis.
    public var shape: RegionShape?

    enum CodingKeys: String, CodingKey {
      case verdict, x, y, width, height, area, centroid, shape
      case logNFA = "log_nfa"
    }
  }

  /// What the picture is called in a manifest; nil where it is in none.
  public var id: String?
  /// Where the picture is from.
  public var path: String
  /// When it was judged: ISO 8601, in UTC; nil where the result must not depend on it.
  public var time: String?
  /// SHA-256 of the picture's file, where it was asked for.
  public var sha256: String?
  /// What is said of the picture.
  public var verdict: Verdict
  /// In what the picture is unlike those that the model was trained on; nil where in nothing.
  public var unlike: [Unlikeness]?
  /// Whether a region makes the picture anomalous.
  public var anomalous: Bool
  /// The a contrario test that decided.
  public var test: InspectionOptions.Test
  /// The numbers of false alarms per good picture at which it decided.
  public var limits: OperatingPoint
  /// The image score.
  public var score: Double
  /// log10 NFA of the most significant region.
  public var logNFA: Double
  /// The share of good pictures that are at least as unusual; see ``Inspection/pValue``.
  public var pValue: Double?
  /// The picture's own columns.
  public var width: Int
  /// The picture's own rows.
  public var height: Int
  /// The regions, the most significant first.
  public var regions: [Region]
  /// How many regions are too small to be listed.
  public var smallRegions: Int
  /// The files that were written of the picture, by what they show.
  public var files: [String: String]?
  /// The model that judged.
  public var model: ModelIdentity?
  /// The version of Blemish that judged.
  public var blemish: String

  enum CodingKeys: String, CodingKey {
    case id, path, time, sha256, verdict, unlike, anomalous, test, limits, score, width, height, regions,
      files,
      model,
      blemish
    case logNFA = "log_nfa"
    case pValue = "p_value"
    case smallRegions = "small_regions"
  }

  /// A finding as JSON.
  /// - Parameters:
  ///   - files: the files that were written of the picture, by what they show.
  ///   - model: the model that judged: ``ModelConfiguration/file``.
  ///   - sha256: that of the picture's file.
  ///   - pixelSize: the side of a pixel in millimetres; nil where it is not known.
  ///   - time: when the picture was judged; nil to leave it out.
  ///   - id: what the picture is called in a manifest.
  public init(
    _ found: Finding, files: [String: String]? = nil, model: ModelIdentity? = nil, sha256: String? = nil,
    pixelSize: Double? = nil, time: Date? = Date(), id: String? = nil
  ) {
    let inspection = found.inspection
    self.id = id
    path = inspection.frame.path
    self.time = time?.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    self.sha256 = sha256
    verdict = found.verdict
    unlike = inspection.unlikeness.isEmpty ? nil : inspection.unlikeness
    anomalous = inspection.verdict == .anomalous
    test = inspection.rule.test
    limits = inspection.rule.operatingPoint
    score = inspection.score
    logNFA = inspection.logNFA
    pValue = inspection.pValue
    width = inspection.frame.width
    height = inspection.frame.height
    regions = zip(found.regions, found.shapes(pixelSize: pixelSize)).map {
      Region(
        verdict: $0.verdict, x: $0.x, y: $0.y, width: $0.width, height: $0.height, area: $0.area,
        centroid: .init(x: $0.centroidX, y: $0.centroidY), logNFA: $0.logNFA, shape: $1)
    }
    smallRegions = found.smallRegions
    self.files = files
    self.model = model
    blemish = blemishVersion
  }

  /// The object on one line, keys in order.
  public var line: String { jsonLine(self) }

  /// What is said of a picture that could not be judged.
  public static func line(path: String, error: String) -> String { jsonLine(["path": path, "error": error]) }
}
