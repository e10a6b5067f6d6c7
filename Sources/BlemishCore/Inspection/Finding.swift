import BlemishImaging
import BlemishSupport
import Foundation

/// An inspection with its significant regions at the picture's own size: what a person or a program is told.
public struct Finding: Sendable {
  /// What the model says of the picture.
  public let inspection: Inspection
  /// The pixels of the significant regions, at the picture's own size.
  public let mask: Mask
  /// The significant regions in the picture's own pixels, the most significant first.
  public let regions: [FoundRegion]
  /// The test that decided.
  public let test: InspectionOptions.Test

  /// What is found in a picture.
  /// - Parameter test: the test that decided.
  /// - Throws: `AContrarioError` where the picture's size is none.
  public init(_ inspection: Inspection, test: InspectionOptions.Test) throws {
    self.inspection = inspection
    self.test = test
    let segmentation = try inspection.segmentation(
      height: inspection.frame.height, width: inspection.frame.width)
    mask = segmentation.mask
    regions = segmentation.regions
  }
}

/// A finding as JSON for other programs.
public struct FindingJSON: Codable, Sendable, Equatable {
  /// A significant region, in the picture's own pixels.
  public struct Region: Codable, Sendable, Equatable {
    /// A place between pixels.
    public struct Point: Codable, Sendable, Equatable {
      /// The column.
      public var x: Double
      /// The row.
      public var y: Double
    }
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

    enum CodingKeys: String, CodingKey {
      case x, y, width, height, area, centroid
      case logNFA = "log_nfa"
    }
  }

  /// Where the picture is from.
  public var path: String
  /// Whether a region is significant.
  public var anomalous: Bool
  /// The a contrario test that decided.
  public var test: InspectionOptions.Test
  /// The image score.
  public var score: Double
  /// log10 NFA of the most significant region.
  public var logNFA: Double
  /// The picture's own columns.
  public var width: Int
  /// The picture's own rows.
  public var height: Int
  /// The significant regions, the most significant first.
  public var regions: [Region]
  /// The files that were written of the picture, by what they show.
  public var files: [String: String]?

  enum CodingKeys: String, CodingKey {
    case path, anomalous, test, score, width, height, regions, files
    case logNFA = "log_nfa"
  }

  /// A finding as JSON.
  /// - Parameter files: the files that were written of the picture, by what they show.
  public init(_ found: Finding, files: [String: String]? = nil) {
    let inspection = found.inspection
    path = inspection.frame.path
    anomalous = inspection.isAnomalous
    test = found.test
    score = inspection.score
    logNFA = inspection.logNFA
    width = inspection.frame.width
    height = inspection.frame.height
    regions = found.regions.map {
      Region(
        x: $0.x, y: $0.y, width: $0.width, height: $0.height, area: $0.area,
        centroid: .init(x: $0.centroidX, y: $0.centroidY), logNFA: $0.logNFA)
    }
    self.files = files
  }

  /// The object on one line, keys in order.
  public var line: String { jsonLine(self) }

  /// What is said of a picture that could not be judged.
  public static func line(path: String, error: String) -> String { jsonLine(["path": path, "error": error]) }
}
