import Foundation

/// The regions of a map that stand out from their surroundings: its peaks, with their outlines.
///
/// A region is what lies around a peak down to a share of its height. At half the height runs the contour of a
/// blurred object. A peak inside the region of a higher one is part of it, so that regions are disjoint.
struct PeakRegions: Sendable {
  struct Region: Sendable {
    /// The map's value at its peak.
    let height: Double
    /// Its outline is the contour of the map at this level.
    let level: Float
    /// The pixel of its peak, the first of several as high.
    var peak = 0
  }

  /// Rows of the map.
  let height: Int
  /// Columns of the map.
  let width: Int
  /// The map, `[height, width]`.
  let values: [Float]
  /// The regions, the higher first.
  let regions: [Region]
  /// For each pixel the index in ``regions`` of its region, or -1, `[height, width]`.
  let regionOfPixel: [Int32]

  /// The regions of a map whose ordinary value is 0: its peaks above 0.
  /// - Parameters:
  ///   - values: the map, `[height, width]`, row-major.
  ///   - height: rows of the map.
  ///   - width: columns of the map.
  ///   - outlineShare: a region reaches down to this share of its peak's height.
  /// - Throws: ``AContrarioError`` where the count does not fit the shape or a value is not finite.
  init(
    _ values: [Float], height: Int, width: Int,
    outlineShare: Double = CalibratedTest.Constants.standard.outlineShare
  ) throws(AContrarioError) {
    let tree = try MaxTree(values, height: height, width: width)
    var isLeaf = [Bool](repeating: true, count: tree.count)
    for node in 1..<max(tree.count, 1) { isLeaf[Int(tree.parent[node])] = false }
    let peaks = (0..<tree.count).filter { isLeaf[$0] && tree.level[$0] > 0 }
      .sorted { (tree.level[$0], $1) > (tree.level[$1], $0) }

    // Every node is passed once. On a peak's path to the root, nodes lie inside its region or around it.
    enum State { case free, inside, around }
    var state = [State](repeating: .free, count: tree.count)
    var regionOfNode = [Int32](repeating: -1, count: tree.count)
    var regions: [Region] = []
    var path: [Int] = []
    for peak in peaks {
      path.removeAll(keepingCapacity: true)
      var node = peak
      while state[node] == .free {
        path.append(node)
        guard node > 0 else { break }
        node = Int(tree.parent[node])
      }
      guard state[node] != .inside else {
        for node in path { state[node] = .inside }
        continue
      }
      let outline = tree.level[peak] * Float(outlineShare)
      let inside = path.prefix { tree.level[$0] >= outline }
      for node in inside { state[node] = .inside }
      for node in path[inside.endIndex...] { state[node] = .around }
      let outermost = inside.last ?? peak
      regionOfNode[outermost] = Int32(regions.count)
      // Where the contour would run around another region as well, the two part at the saddle.
      let level = inside.count < path.count || outermost == 0 ? outline : tree.level[outermost]
      regions.append(Region(height: Double(tree.level[peak]), level: level))
    }
    for node in 1..<max(tree.count, 1) where regionOfNode[node] < 0 {
      regionOfNode[node] = regionOfNode[Int(tree.parent[node])]
    }
    let regionOfPixel = tree.nodeOfPixel.map { regionOfNode[Int($0)] }
    for pixel in regionOfPixel.indices.reversed() where regionOfPixel[pixel] >= 0 {
      let region = Int(regionOfPixel[pixel])
      if Double(values[pixel]) == regions[region].height { regions[region].peak = pixel }
    }
    self.height = height
    self.width = width
    self.values = values
    self.regions = regions
    self.regionOfPixel = regionOfPixel
  }

  /// A number for each region, drawn at another size within the outlines, `[height, width]`.
  ///
  /// The outlines are contours of the interpolated map, so that they do not follow the grid's pixels.
  /// - Parameters:
  ///   - numbers: one for each region, growing.
  ///   - background: the number at pixels that belong to no region.
  ///   - height: rows asked for.
  ///   - width: columns asked for.
  /// - Throws: ``AContrarioError`` where no map can have that size.
  func drawn(
    _ numbers: [Float], background: Float, height: Int, width: Int
  ) throws(AContrarioError) -> [Float] {
    try checkSize(height: height, width: width)
    let resampling = Resampling.bilinear(to: (height, width), from: (self.height, self.width))
    let fine = resampling.apply(to: values)
    let (rows, columns) = (resampling.rows, resampling.columns)
    let levels = regions.map(\.level)
    var drawn = [Float](repeating: background, count: height * width)
    drawn.withUnsafeMutableBufferPointer { drawn in
      for y in 0..<height {
        let (above, below) = (rows.positions[2 * y] * self.width, rows.positions[2 * y + 1] * self.width)
        for x in 0..<width {
          let value = fine[y * width + x]
          guard value > 0 else { continue }
          let (left, right) = (columns.positions[2 * x], columns.positions[2 * x + 1])
          let corners = (above + left, above + right, below + left, below + right)
          // The highest region that a corner belongs to, and whose outline the place is in.
          var first = Int32.max
          func consider(_ corner: Int) {
            let region = regionOfPixel[corner]
            if region >= 0, region < first, value >= levels[Int(region)] { first = region }
          }
          consider(corners.0)
          consider(corners.1)
          consider(corners.2)
          consider(corners.3)
          guard first < Int32.max else { continue }
          // Of the corners inside the contour the nearest decides: it may be another component's.
          let (up, before) = (rows.weights[2 * y], columns.weights[2 * x])
          var nearest: Float = -1
          var owner = first
          func compare(_ corner: Int, _ weight: Float) {
            guard values[corner] >= levels[Int(first)], weight > nearest else { return }
            nearest = weight
            owner = regionOfPixel[corner]
          }
          compare(corners.0, up * before)
          compare(corners.1, up * (1 - before))
          compare(corners.2, (1 - up) * before)
          compare(corners.3, (1 - up) * (1 - before))
          if owner == first { drawn[y * width + x] = numbers[Int(first)] }
        }
      }
    }
    return drawn
  }
}
