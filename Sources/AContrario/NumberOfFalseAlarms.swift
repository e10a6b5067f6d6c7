/// The published a contrario test of one picture: where it is less than once expected that a normal picture looks so.
///
/// log10 NFA = log10 of the number of tests + log10 of the probability of the region. Below 0, fewer than one
/// such false alarm is expected per picture.
public struct NumberOfFalseAlarms: TestedPicture {
  /// Rows of the map.
  public let height: Int
  /// Columns of the map.
  public let width: Int
  /// log10 NFA per pixel, `[height, width]`; the segmentation is where it is below 0.
  public let logNFA: [Float]
  /// The log10 of the number of tests.
  public let logTests: Double
  /// The final regions of each scale, in the order the scales were given.
  public let scales: [Regions]

  /// The published test: Chernoff bound, all polyominoes. (U-Flow, section 3.3.)
  ///
  /// - Parameters:
  ///   - scales: the latent variables of each scale.
  ///   - height: rows of the map asked for.
  ///   - width: columns of the map asked for.
  /// - Throws: `AContrarioError` where there is no scale or the map's size is not one.
  public init(scales: [LatentScale], height: Int, width: Int) throws(AContrarioError) {
    try self.init(
      scales: concurrentMap(scales) { $0.regions() },
      logTests: logNumberOfTests(scales: scales.map { $0.energy.count }),
      height: height,
      width: width
    )
  }

  /// The combination of the final regions of all scales, by the minimum of their maps resized bilinearly.
  ///
  /// - Parameters:
  ///   - scales: the final regions of each scale.
  ///   - logTests: the log10 of the number of tests.
  ///   - height: rows of the map asked for.
  ///   - width: columns of the map asked for.
  /// - Throws: `AContrarioError` where there is no scale or the map's size is not one.
  public init(scales: [Regions], logTests: Double, height: Int, width: Int) throws(AContrarioError) {
    guard !scales.isEmpty else { throw .noScales }
    let (pixels, overflow) = height.multipliedReportingOverflow(by: width)
    try checkShape(height: height, width: width, count: overflow ? 0 : pixels)
    var smallest = [Float](repeating: 0, count: pixels)
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

  /// log10 NFA per pixel where the probability is 1.
  public var outside: Float { Float(logTests) }

  /// The pixel of every region's peak in a map of a size, with the region's log10 NFA.
  public func peaks(height: Int, width: Int) -> [(pixel: Int, logNFA: Double)] {
    scales.flatMap { scale in
      zip(scale.regions, scale.peaks).map { region, peak in
        (
          pixel: place(ofPixel: Int(peak), in: (scale.height, scale.width), at: (height, width)),
          logNFA: region.logProbability + logTests
        )
      }
    }
  }

  /// log10 NFA per pixel at another size, `[height, width]`.
  /// - Throws: ``AContrarioError`` where the size is none.
  public func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    guard (height, width) != (self.height, self.width) else { return logNFA }
    return try NumberOfFalseAlarms(scales: scales, logTests: logTests, height: height, width: width).logNFA
  }

  /// log10 NFA of the most significant region of all scales.
  public var mostSignificantLogNFA: Double {
    logTests + scales.reduce(0) { min($0, $1.mostSignificantLogProbability) }
  }
}
