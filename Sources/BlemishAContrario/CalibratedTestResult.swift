import Foundation

/// What the calibrated test finds in one picture.
public struct CalibratedTestResult: AContrarioResult {
  /// log10 NFA of every region, the most significant first.
  public let regionLogNFAs: [Double]
  /// log10 of the number of regions that a good picture has: the NFA of a region is at most that.
  private let logAllRegions: Double
  private let regions: PeakRegions
  private let test: CalibratedTest
  /// By how much the height of each region was corrected: what all share, and what the highest one has beside it.
  private let correction: (shared: Double, highest: Double)

  /// Tests one picture.
  /// - Parameters:
  ///   - scales: the energies of the picture, finest scale first.
  ///   - test: the test that was learnt.
  /// - Throws: ``AContrarioError`` where the picture has other scales than the test has learnt.
  public init(scales: [ScaleEnergies], test: CalibratedTest) throws(AContrarioError) {
    regions = try test.regions(of: scales)
    let heights = test.correctedHeights(of: regions)
    self.test = test
    let raw = regions.regions.map(\.height)
    let shared = raw.count > 1 ? heights[1] - raw[1] : heights.first.map { $0 - raw[0] } ?? 0
    correction = (shared, (heights.first ?? 0) - (raw.first ?? 0) - shared)
    regionLogNFAs = heights.map(test.exceedances.logExpected)
    pValue = test.pValue(highest: heights.first)
    logAllRegions = log10(test.exceedances.regionsPerPicture)
  }

  /// log10 NFA of the most significant region, and of the picture.
  public var mostSignificantLogNFA: Double { regionLogNFAs.first ?? logAllRegions }

  /// The split-conformal p-value of the picture (Vovk et al., 2005): see ``CalibratedTest/pValue(highest:)``.
  public let pValue: Double?

  /// The share of the finest grid's cells that are more than four standard deviations above what is usual.
  public var farShare: Double {
    Double(regions.values.count { $0 > 4 }) / Double(max(regions.values.count, 1))
  }

  /// Rows and columns of the finest scale.
  public var grid: (height: Int, width: Int) { (regions.height, regions.width) }

  /// log10 NFA per pixel where there is no region: just more than any region's.
  public var logNFAOutsideRegions: Float { Float(logAllRegions).nextUp }

  /// The map whose peaks the regions are.
  public var deviations: DeviationMap? {
    DeviationMap(height: regions.height, width: regions.width, values: regions.values)
  }

  /// The pixel of every region's peak in a map of a size, with the region's log10 NFA.
  public func peaks(height: Int, width: Int) -> [(pixel: Int, logNFA: Double)] {
    zip(regions.regions, regionLogNFAs).map { region, logNFA in
      (
        pixel: mapPixel(
          atCentreOf: region.peak, grid: (regions.height, regions.width), map: (height, width)),
        logNFA: logNFA
      )
    }
  }

  /// log10 NFA that a region would have whose peak were as high as the map is at a pixel, `[height, width]`.
  ///
  /// What is added to the height of the highest region as a whole counts there, more towards its peak.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  public func significance(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    try checkSize(height: height, width: width)
    var heights = regions.values
    let top = regions.regions.first
    for pixel in heights.indices {
      var height = Double(heights[pixel]) + correction.shared
      if let top, regions.regionOfPixel[pixel] == 0 {
        let level = Double(top.level)
        let share = (Double(heights[pixel]) - level) / max(top.height - level, 1e-9)
        height += correction.highest * min(max(share, 0), 1)
      }
      heights[pixel] = Float(height)
    }
    let fine = Resampling.bilinear(to: (height, width), from: grid).apply(to: heights)
    let law = test.exceedances
    return fine.map { Float(max(law.logExpected(Double($0)), -1e6)) }
  }

  /// log10 NFA per pixel, `[height, width]`: that of its region within the region's outline.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  public func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    try regions.drawn(
      regionLogNFAs.map { Float($0) }, background: logNFAOutsideRegions, height: height, width: width)
  }
}
