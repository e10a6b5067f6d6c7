import Foundation

/// What the calibrated test finds in one picture.
public struct CalibratedTestResult: AContrarioResult {
  /// log10 NFA of every region, the most significant first.
  public let regionLogNFAs: [Double]
  /// log10 of the number of regions that a good picture has: the NFA of a region is at most that.
  private let logAllRegions: Double
  private let regions: PeakRegions

  /// Tests one picture.
  /// - Parameters:
  ///   - scales: the energies of the picture, finest scale first.
  ///   - test: the test that was learnt.
  /// - Throws: ``AContrarioError`` where the picture has other scales than the test has learnt.
  public init(scales: [ScaleEnergies], test: CalibratedTest) throws(AContrarioError) {
    regions = try test.regions(of: scales)
    regionLogNFAs = test.correctedHeights(of: regions).map(test.exceedances.logExpected)
    logAllRegions = log10(test.exceedances.regionsPerPicture)
  }

  /// log10 NFA of the most significant region, and of the picture.
  public var mostSignificantLogNFA: Double { regionLogNFAs.first ?? logAllRegions }

  /// log10 NFA per pixel where there is no region: just more than any region's.
  public var logNFAOutsideRegions: Float { Float(logAllRegions).nextUp }

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

  /// log10 NFA per pixel, `[height, width]`: that of its region within the region's outline.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  public func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    try regions.drawn(
      regionLogNFAs.map { Float($0) }, background: logNFAOutsideRegions, height: height, width: width)
  }
}
