/// What a test finds in one picture.
public protocol TestedPicture: Sendable {
  /// log10 NFA of every region, significant or not.
  var regionLogNFAs: [Double] { get }

  /// log10 NFA of the most significant region, and of the picture.
  var mostSignificantLogNFA: Double { get }

  /// log10 NFA in maps where there is no region.
  var outside: Float { get }

  /// log10 NFA per pixel, `[height, width]`; the segmentation is where it is below 0.
  /// - Throws: ``AContrarioError`` where the size is none.
  func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float]

  /// The pixel of every region's peak in a map of a size, row-major, with the region's log10 NFA.
  func peaks(height: Int, width: Int) -> [(pixel: Int, logNFA: Double)]
}

extension TestedPicture {
  /// Whether a region's log10 NFA is below a limit. Without a region nothing is, however large the limit.
  public func isSignificant(below limit: Double) -> Bool { regionLogNFAs.contains { $0 < limit } }

  /// The pixels of the regions whose log10 NFA is below a limit, `[height, width]`.
  ///
  /// A region so small that it is lost between the map's pixels has that of its peak. What is outside of all
  /// regions belongs to none, however large the limit.
  /// - Parameter map: what ``logNFA(height:width:)`` gives at this size.
  public func segmentation(below limit: Double, of map: [Float], height: Int, width: Int) -> [Bool] {
    guard isSignificant(below: limit) else { return [Bool](repeating: false, count: map.count) }
    let threshold = min(Float(limit), outside)
    var pixels = map.map { $0 < threshold }
    for peak in peaks(height: height, width: width) where peak.logNFA < limit { pixels[peak.pixel] = true }
    return pixels
  }
}

/// The pixel of a map of a size in which the middle of a grid's pixel lies, both row-major.
func place(
  ofPixel pixel: Int, in grid: (height: Int, width: Int), at size: (height: Int, width: Int)
) -> Int {
  let (row, column) = (pixel / grid.width, pixel % grid.width)
  let y = (2 * row + 1) * size.height / (2 * grid.height)
  let x = (2 * column + 1) * size.width / (2 * grid.width)
  return y * size.width + x
}
