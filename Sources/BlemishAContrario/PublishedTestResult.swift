import BlemishSupport

/// The published a contrario test of one picture (U-Flow, section 3.3).
///
/// log10 NFA = log10 of the number of tests + log10 of the region's probability. Below 0, fewer than one such false
/// alarm is expected per picture. Regions are nodes of each scale's max-tree of energies; their probability is
/// the Chernoff bound; every polyomino at every place counts as a test.
public struct PublishedTestResult: AContrarioResult {
  /// Rows of the map.
  public let height: Int
  /// Columns of the map.
  public let width: Int
  /// log10 NFA per pixel, `[height, width]`; the segmentation is where it is below 0.
  public let logNFA: [Float]
  /// The log10 of the number of tests.
  public let logTests: Double
  /// The final regions of each scale, in the order the scales were given.
  let scales: [TreeRegions]

  /// Tests one picture.
  ///
  /// - Parameters:
  ///   - scales: the energies of each scale.
  ///   - height: rows of the map asked for.
  ///   - width: columns of the map asked for.
  /// - Throws: ``AContrarioError`` where there is no scale or no map can have that size.
  public init(scales: [ScaleEnergies], height: Int, width: Int) throws(AContrarioError) {
    guard !scales.isEmpty else { throw .noScales }
    try self.init(
      scales: concurrentMap(scales) { $0.regions() },
      logTests: logNumberOfTests(scales: scales.map { $0.values.count }),
      height: height,
      width: width
    )
  }

  /// Combines the final regions of all scales, by the minimum of their maps resized bilinearly.
  private init(scales: [TreeRegions], logTests: Double, height: Int, width: Int) throws(AContrarioError) {
    try checkSize(height: height, width: width)
    var smallest = [Float](repeating: 0, count: height * width)
    let maps = concurrentMap(scales) { scale in
      Resampling.bilinear(to: (height, width), from: (scale.height, scale.width))
        .apply(to: scale.logProbabilityMap())
    }
    for map in maps {
      for pixel in smallest.indices { smallest[pixel] = min(smallest[pixel], map[pixel]) }
    }
    for pixel in smallest.indices { smallest[pixel] += Float(logTests) }
    self.height = height
    self.width = width
    self.logNFA = smallest
    self.logTests = logTests
    self.scales = scales
  }

  /// log10 NFA of every region that the tree of any scale is left with.
  public var regionLogNFAs: [Double] { scales.flatMap { $0.regions.map { $0.logProbability + logTests } } }

  /// Rows and columns of the finest scale.
  public var grid: (height: Int, width: Int) {
    scales.map { ($0.height, $0.width) }.max { $0.0 * $0.1 < $1.0 * $1.1 } ?? (height, width)
  }

  /// log10 NFA per pixel where the probability is 1.
  public var logNFAOutsideRegions: Float { Float(logTests) }

  /// The pixel of every region's peak in a map of a size, with the region's log10 NFA.
  public func peaks(height: Int, width: Int) -> [(pixel: Int, logNFA: Double)] {
    scales.flatMap { scale in
      zip(scale.regions, scale.peaks).map { region, peak in
        (
          pixel: mapPixel(atCentreOf: Int(peak), grid: (scale.height, scale.width), map: (height, width)),
          logNFA: region.logProbability + logTests
        )
      }
    }
  }

  /// log10 NFA per pixel at another size, `[height, width]`.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  public func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    guard (height, width) != (self.height, self.width) else { return logNFA }
    return try PublishedTestResult(scales: scales, logTests: logTests, height: height, width: width).logNFA
  }

  /// log10 NFA of the most significant region of all scales.
  public var mostSignificantLogNFA: Double {
    logTests + scales.reduce(0) { min($0, $1.mostSignificantLogProbability) }
  }
}
