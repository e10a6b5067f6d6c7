import BlemishAContrario
import BlemishImaging

/// What a model says of one picture.
public struct Inspection: Sendable {
  /// The picture.
  public let frame: Frame
  /// How anomalous the detector holds the picture; larger is more.
  public let score: Double
  /// Where, at the size at which maps are evaluated; larger is more anomalous.
  public let anomalyMap: ScoreMap
  /// Where, by the map that the picture is judged by; nil where that is ``anomalyMap`` too.
  public let detectionMap: ScoreMap?
  /// log10 of the number of false alarms per good picture that is accepted: where log NFA is below, a region is
  /// significant.
  public let limit: Double
  private let test: any AContrarioResult

  init(
    frame: Frame, score: Double, anomalyMap: ScoreMap, detectionMap: ScoreMap?, limit: Double,
    test: any AContrarioResult
  ) {
    self.frame = frame
    self.score = score
    self.anomalyMap = anomalyMap
    self.detectionMap = detectionMap
    self.limit = limit
    self.test = test
  }

  /// log10 of the number of false alarms of the most significant region: how many regions like it are expected
  /// in a picture of a good part.
  public var logNFA: Double { test.mostSignificantLogNFA }

  /// log10 NFA of every region of the test, significant or not.
  public var regionLogNFAs: [Double] { test.regionLogNFAs }

  /// Whether there is a region of which fewer are expected in a picture of a good part than are accepted.
  public var isAnomalous: Bool { test.isSignificant(below: limit) }

  /// The significant regions in a map of a size.
  /// - Throws: `AContrarioError` where the size is none.
  public func segmentation(height: Int, width: Int) throws -> Segmentation {
    try Segmentation(of: test, below: limit, height: height, width: width)
  }
}

/// Where the regions of a picture are whose log10 NFA is below a limit.
public struct Segmentation: Sendable {
  /// log10 NFA per pixel.
  public let logNFA: ScoreMap
  /// The pixels of the significant regions. A region so small that it is lost between the map's pixels is marked by
  /// that of its peak.
  public let mask: Mask
  private let peaks: [(pixel: Int, logNFA: Double)]

  init(of test: any AContrarioResult, below limit: Double, height: Int, width: Int) throws {
    let values = try test.logNFA(height: height, width: width)
    logNFA = ScoreMap(width: width, height: height, values: values)
    mask = Mask(
      width: width, height: height,
      pixels: test.segmentation(below: limit, of: values, height: height, width: width))
    peaks = test.peaks(height: height, width: width)
  }

  /// The connected regions of the mask, the most significant first.
  public var regions: [FoundRegion] {
    let components = mask.connectedComponents
    // Labels count from 1; 0 is what belongs to no region.
    var least = [Double](repeating: .infinity, count: components.regions.count + 1)
    for (pixel, label) in components.labels.enumerated() where label > 0 {
      least[Int(label)] = min(least[Int(label)], Double(logNFA.values[pixel]))
    }
    // Where a region is lost between the map's pixels, the map does not have its number.
    for peak in peaks {
      let label = Int(components.labels[peak.pixel])
      if label > 0 { least[label] = min(least[label], peak.logNFA) }
    }
    return components.regions.map { region in
      let centroid = region.centroid
      return FoundRegion(
        x: region.columns.lowerBound, y: region.rows.lowerBound, width: region.columns.count,
        height: region.rows.count, area: region.area, centroidX: centroid.x, centroidY: centroid.y,
        logNFA: least[Int(region.label)])
    }.sorted { ($0.logNFA, -$0.area) < ($1.logNFA, -$1.area) }
  }
}

/// A connected region that is significant, in the pixels of the map that it was found in.
public struct FoundRegion: Sendable, Codable, Equatable {
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
  /// The mean column of its pixels.
  public var centroidX: Double
  /// The mean row of its pixels.
  public var centroidY: Double
  /// log10 NFA of its most significant pixel.
  public var logNFA: Double
}
