import BlemishAContrario
import BlemishSupport
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
  /// By which test and at which limits it is decided.
  public let rule: DecisionRule
  /// In what the picture is unlike those that the model was trained on; then its regions and its log NFA mean little.
  public let unlikeness: [Unlikeness]
  let test: any AContrarioResult

  init(
    frame: Frame, score: Double, anomalyMap: ScoreMap, detectionMap: ScoreMap?,
    rule: DecisionRule, traits: TrainingTraits?, test: any AContrarioResult
  ) {
    self.frame = frame
    self.score = score
    self.anomalyMap = anomalyMap
    self.detectionMap = detectionMap
    self.rule = rule
    unlikeness =
      (traits?.unlikeness(of: frame.traits) ?? [])
      + (test.farShare > Self.mostFar ? [.features] : [])
    self.test = test
  }

  /// The share of a picture that may be far from what is usual: a defect is seldom larger.
  private static let mostFar = 0.5

  /// log10 of the number of false alarms of the most significant region: how many regions like it are expected
  /// in a picture of a good part.
  public var logNFA: Double { test.mostSignificantLogNFA }

  /// log10 NFA of every region of the test, significant or not.
  public var regionLogNFAs: [Double] { test.regionLogNFAs }

  /// The share of good pictures that are at least as unusual as this one: the split-conformal p-value. It is exact where
  /// good pictures are exchangeable with those that the test has learnt from, and at least 1 / (their number + 1). Nil
  /// where the test does not know it.
  public var pValue: Double? { test.pValue }

  /// What is said of the picture, by its most significant region.
  public var verdict: Verdict {
    let point = rule.operatingPoint
    return isSignificant(below: point.limit)
      ? .anomalous : isSignificant(below: point.reviewLimit) ? .review : .good
  }

  /// Whether a region's log10 NFA is below a limit. Without a region nothing is, however large the limit.
  public func isSignificant(below limit: Double) -> Bool { test.isSignificant(below: limit) }

  /// The regions whose log10 NFA is below a limit, in a map of a size.
  /// - Parameter limit: nil for that from which on the picture is anomalous.
  /// - Throws: `AContrarioError` where the size is none.
  public func segmentation(below limit: Double? = nil, height: Int, width: Int) throws -> Segmentation {
    try Segmentation(
      of: test, below: limit ?? rule.operatingPoint.limit, point: rule.operatingPoint, height: height,
      width: width)
  }

  /// How significant every place is, in a map of a size: log10 of the number of regions per good picture that are at
  /// least as high there. It means the same on every picture.
  /// - Throws: `AContrarioError` where the size is none.
  public func significance(height: Int, width: Int) throws -> ScoreMap {
    ScoreMap(width: width, height: height, values: try test.significance(height: height, width: width))
  }

  /// Pixels that one cell of the test's finest grid covers in a map of a size, at least 1.
  public func cellArea(height: Int, width: Int) -> Int {
    max(height * width / max(test.grid.height * test.grid.width, 1), 1)
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
  private let point: OperatingPoint
  private let test: any AContrarioResult

  init(of test: any AContrarioResult, below limit: Double, point: OperatingPoint, height: Int, width: Int)
    throws
  {
    self.init(
      of: test, below: limit, point: point,
      logNFA: ScoreMap(
        width: width, height: height, values: try test.logNFA(height: height, width: width)),
      peaks: test.peaks(height: height, width: width))
  }

  private init(
    of test: any AContrarioResult, below limit: Double, point: OperatingPoint, logNFA: ScoreMap,
    peaks: [(pixel: Int, logNFA: Double)]
  ) {
    (self.test, self.point, self.logNFA, self.peaks) = (test, point, logNFA, peaks)
    let (height, width) = (logNFA.height, logNFA.width)
    mask = Mask(
      width: width, height: height,
      pixels: test.segmentation(below: limit, of: logNFA.values, height: height, width: width))
  }

  /// The regions at another limit, in the same map of log10 NFA.
  package func below(_ limit: Double) -> Segmentation {
    Segmentation(of: test, below: limit, point: point, logNFA: logNFA, peaks: peaks)
  }

  /// The connected regions of the mask, the most significant first.
  public var regions: [FoundRegion] { regions(of: mask.connectedComponents).map(\.region) }

  /// The connected regions of the mask of which a verdict says this, the most significant first, and their pixels.
  func regions(_ verdict: Verdict) -> (regions: [FoundRegion], mask: Mask) {
    let components = mask.connectedComponents
    let chosen = regions(of: components).filter { $0.region.verdict == verdict }
    var isChosen = [Bool](repeating: false, count: components.regions.count + 1)
    for (_, label) in chosen { isChosen[label] = true }
    return (
      chosen.map(\.region),
      Mask(width: mask.width, height: mask.height, pixels: components.labels.map { isChosen[Int($0)] })
    )
  }

  func regions(of components: ConnectedComponents) -> [(region: FoundRegion, label: Int)] {
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
      let logNFA = least[Int(region.label)]
      let found = FoundRegion(
        x: region.columns.lowerBound, y: region.rows.lowerBound, width: region.columns.count,
        height: region.rows.count, area: region.area, centroidX: centroid.x, centroidY: centroid.y,
        logNFA: logNFA, verdict: point.verdict(logNFA: logNFA))
      return (found, Int(region.label))
    }.sorted { ($0.region.logNFA, -$0.region.area) < ($1.region.logNFA, -$1.region.area) }
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
  /// Whether it makes the picture anomalous, or is to be reviewed.
  public var verdict: Verdict
}
