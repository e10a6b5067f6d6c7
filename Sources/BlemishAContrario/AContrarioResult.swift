/// What an a contrario test finds in one picture: regions, each with its number of false alarms (NFA).
///
/// The NFA of a region is how many regions as significant are expected in one picture of a good part.
public protocol AContrarioResult: Sendable {
  /// log10 NFA of every region, significant or not.
  var regionLogNFAs: [Double] { get }

  /// log10 NFA of the most significant region, which is that of the picture.
  var mostSignificantLogNFA: Double { get }

  /// What maps of log10 NFA hold at pixels that belong to no region.
  var logNFAOutsideRegions: Float { get }

  /// The share of good pictures that are at least as unusual as this one; nil where the test does not know.
  var pValue: Double? { get }

  /// The share of the picture that is far from what is usual at its place: by more than four standard deviations of
  /// good pictures, on average over the scales. 0 where the test does not know.
  var farShare: Double { get }

  /// Rows and columns of the finest grid that regions are found on.
  var grid: (height: Int, width: Int) { get }

  /// log10 NFA per pixel, `[height, width]`, row-major.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float]

  /// log10 of the number of regions per good picture whose peak is at least as high as the map is at a pixel, `[height,
  /// width]`, row-major: at the peak of a region that region's log10 NFA, and falling off around it.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  func significance(height: Int, width: Int) throws(AContrarioError) -> [Float]

  /// The pixel of every region's peak in a map of a size, row-major, with the region's log10 NFA.
  func peaks(height: Int, width: Int) -> [(pixel: Int, logNFA: Double)]

  /// How far every place is above what is usual there, on the test's finest grid; nil where the test knows no such map,
  /// and its regions are what they are.
  var deviations: DeviationMap? { get }
}

extension AContrarioResult {
  /// The test does not know.
  public var pValue: Double? { nil }

  /// The test does not know.
  public var farShare: Double { 0 }

  /// log10 NFA per pixel, where the test knows nothing finer.
  public func significance(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    try logNFA(height: height, width: width)
  }

  /// None.
  public var deviations: DeviationMap? { nil }

  /// Whether a region's log10 NFA is below a limit. Without a region nothing is, however large the limit.
  public func isSignificant(below limit: Double) -> Bool { regionLogNFAs.contains { $0 < limit } }

  /// The pixels of the regions whose log10 NFA is below a limit, `[height, width]`.
  ///
  /// A region so small that it falls between the map's pixels is marked at its peak. Pixels that belong to no
  /// region are not marked, however large the limit.
  /// - Parameters:
  ///   - limit: log10 of the number of false alarms accepted per picture.
  ///   - map: what ``logNFA(height:width:)`` gives at this size.
  ///   - height: rows of the map.
  ///   - width: columns of the map.
  public func segmentation(below limit: Double, of map: [Float], height: Int, width: Int) -> [Bool] {
    guard isSignificant(below: limit) else { return [Bool](repeating: false, count: map.count) }
    let threshold = min(Float(limit), logNFAOutsideRegions)
    var pixels = map.map { $0 < threshold }
    for peak in peaks(height: height, width: width) where peak.logNFA < limit { pixels[peak.pixel] = true }
    return pixels
  }
}

/// The pixel of a map of a size in which the centre of a grid's pixel lies, both row-major.
func mapPixel(
  atCentreOf pixel: Int, grid: (height: Int, width: Int), map: (height: Int, width: Int)
) -> Int {
  let (row, column) = (pixel / grid.width, pixel % grid.width)
  let y = (2 * row + 1) * map.height / (2 * grid.height)
  let x = (2 * column + 1) * map.width / (2 * grid.width)
  return y * map.width + x
}
