import BlemishAContrario
import BlemishImaging
import BlemishSupport

/// The regions of a picture, drawn as the defects run, at the picture's own size.
///
/// Which regions there are, and how significant they are, the test has said. Each one's outline follows the defect in it
/// (``DefectOutline``), and regions with evidence between them are one.
public struct Outlines: Sendable {
  /// The regions that make the picture anomalous or are to be reviewed, the most significant first.
  public let regions: [FoundRegion]
  /// How many pixels the test's own regions have, in the order of ``regions``.
  public let foundAreas: [Int]
  /// For each pixel the number of its region, counted from 1 in the order of ``regions``; 0 outside. `[height, width]`.
  public let labels: [Int32]
  /// Columns of the picture.
  public let width: Int

  /// The pixels of the regions of which a verdict says this.
  public func mask(of verdict: Verdict) -> Mask {
    let isChosen = [false] + regions.map { $0.verdict == verdict }
    return Mask(width: width, height: labels.count / width, pixels: labels.map { isChosen[Int($0)] })
  }

  /// Maps are followed at no more pixels a cell than this.
  private static let mostOfCell = 8.0

  /// A region of the test, or several that are one.
  private struct Group {
    var logNFA = Double.infinity
    var area = 0.0
  }

  /// - Throws: `AContrarioError` where the size is none.
  init(_ inspection: Inspection, _ map: DeviationMap) throws {
    let picture = inspection.frame.picture
    let cell = min(
      Double(picture.height) / Double(map.height), Double(picture.width) / Double(map.width))
    let scale = min(Self.mostOfCell / cell, 1)
    let (height, width) = (
      max(Int(Double(picture.height) * scale), 1), max(Int(Double(picture.width) * scale), 1)
    )
    let point = inspection.rule.operatingPoint
    let limit = max(point.limit, point.reviewLimit)
    guard inspection.isSignificant(below: limit) else {
      self.init(
        labels: [Int32](repeating: 0, count: picture.height * picture.width), [], point,
        height: picture.height, width: picture.width)
      return
    }
    let segmentation = try inspection.segmentation(below: limit, height: height, width: width)
    let components = segmentation.mask.connectedComponents
    let outline = DefectOutline(
      scale < 1 ? picture.resized(width: width, height: height, filter: .bilinear) : picture,
      map: ScoreMap(width: map.width, height: map.height, values: map.values)
        .resized(width: width, height: height), cell: cell * scale)
    let numbers = Self.groups(of: components, inspection.test, map, below: limit)
    var groups = [Group](repeating: Group(), count: components.regions.count)
    var labels = [Int32](repeating: 0, count: height * width)
    // The most significant first: what several outlines reach is its.
    for (region, label) in segmentation.regions(of: components) {
      let number = numbers[label - 1]
      let pixels = outline.pixels(of: components.regions[label - 1], in: components)
      let free = pixels.filter { labels[$0] == 0 }
      for pixel in free.isEmpty ? pixels : free { labels[pixel] = number }
      groups[Int(number) - 1].logNFA = min(groups[Int(number) - 1].logNFA, region.logNFA)
      groups[Int(number) - 1].area += Double(region.area) / (scale * scale)
    }
    if (height, width) != (picture.height, picture.width) {
      labels = (0..<picture.height).flatMap { y in
        let row = (2 * y + 1) * height / (2 * picture.height) * width
        return (0..<picture.width).map { labels[row + (2 * $0 + 1) * width / (2 * picture.width)] }
      }
    }
    self.init(labels: labels, groups, point, height: picture.height, width: picture.width)
  }

  /// Which regions are one: for each component the label, from 1, of the first that it belongs to.
  private static func groups(
    of components: ConnectedComponents, _ test: any AContrarioResult, _ map: DeviationMap,
    below limit: Double
  ) -> [Int32] {
    let height = components.labels.count / components.width
    let coarse = test.peaks(height: map.height, width: map.width).filter { $0.logNFA < limit }
    let fine = test.peaks(height: height, width: components.width).filter { $0.logNFA < limit }
    var groups = components.regions.indices.map { Int32($0 + 1) }
    func root(_ label: Int32) -> Int32 {
      var label = label
      while groups[Int(label) - 1] != label { label = groups[Int(label) - 1] }
      return label
    }
    for (peak, first) in map.joined(coarse.map(\.pixel)).enumerated() where first != peak {
      let (a, b) = (components.labels[fine[peak].pixel], components.labels[fine[first].pixel])
      guard a > 0, b > 0 else { continue }
      let (one, other) = (root(a), root(b))
      groups[Int(max(one, other)) - 1] = min(one, other)
    }
    return groups.indices.map { root(Int32($0 + 1)) }
  }

  /// Regions from labels in any order; those without a pixel are none.
  private init(labels: [Int32], _ groups: [Group], _ point: OperatingPoint, height: Int, width: Int) {
    struct Extent {
      var area = 0, columnSum = 0, rowSum = 0
      var columns = (least: Int.max, most: 0)
      var rows = (least: Int.max, most: 0)
    }
    var extents = [Extent](repeating: Extent(), count: groups.count)
    for y in 0..<height {
      for x in 0..<width {
        let label = Int(labels[y * width + x])
        guard label > 0 else { continue }
        extents[label - 1].area += 1
        extents[label - 1].columnSum += x
        extents[label - 1].rowSum += y
        extents[label - 1].columns.least = min(extents[label - 1].columns.least, x)
        extents[label - 1].columns.most = max(extents[label - 1].columns.most, x)
        extents[label - 1].rows.least = min(extents[label - 1].rows.least, y)
        extents[label - 1].rows.most = y
      }
    }
    let order = extents.indices.filter { extents[$0].area > 0 }
      .sorted { (groups[$0].logNFA, -extents[$0].area) < (groups[$1].logNFA, -extents[$1].area) }
    var numbers = [Int32](repeating: 0, count: extents.count + 1)
    for (place, region) in order.enumerated() { numbers[region + 1] = Int32(place + 1) }
    regions = order.map { region in
      let extent = extents[region]
      return FoundRegion(
        x: extent.columns.least, y: extent.rows.least,
        width: extent.columns.most - extent.columns.least + 1,
        height: extent.rows.most - extent.rows.least + 1, area: extent.area,
        centroidX: Double(extent.columnSum) / Double(extent.area),
        centroidY: Double(extent.rowSum) / Double(extent.area), logNFA: groups[region].logNFA,
        verdict: point.verdict(logNFA: groups[region].logNFA))
    }
    foundAreas = order.map { Int(groups[$0].area.rounded()) }
    self.labels = labels.map { numbers[Int($0)] }
    self.width = width
  }
}

extension Inspection {
  /// The regions that make the picture anomalous or are to be reviewed, drawn as the defects run, at the picture's own
  /// size; nil where the test knows no map that they could follow.
  /// - Throws: `AContrarioError` where the size is none.
  public func outlines() throws -> Outlines? { try test.deviations.map { try Outlines(self, $0) } }
}
