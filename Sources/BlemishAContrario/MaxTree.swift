/// The max-tree of a grid: the connected components (4-connectivity) of its upper level sets, by inclusion.
///
/// Built by one sort and one union-find pass, after Berger et al., "Effective component tree computation with
/// application to pattern recognition in astronomical imaging", ICIP 2007. Nodes are numbered from the root
/// outwards, lower levels first: a parent always has a smaller number than its children. A loop over falling numbers
/// therefore meets children before their parent, one over rising numbers parents before their children.
struct MaxTree: Sendable {
  /// Rows of the grid.
  let height: Int
  /// Columns of the grid.
  let width: Int
  /// Each node's parent; node 0 is the root, the whole grid, and its own parent.
  let parent: [Int32]
  /// The smallest value within each node.
  let level: [Float]
  /// The number of pixels of each node, its descendants' included.
  let area: [Int32]
  /// The smallest node that contains each pixel, `[height, width]`.
  let nodeOfPixel: [Int32]

  /// One connected component of an upper level set.
  struct Node: Sendable {
    /// Its place in the tree's arrays.
    let index: Int
    /// The smallest value within it.
    let level: Float
    /// Its number of pixels.
    let area: Int
  }

  /// The number of nodes.
  var count: Int { parent.count }

  /// The node with a number below `count`.
  subscript(index: Int) -> Node {
    Node(index: index, level: level[index], area: Int(area[index]))
  }

  /// The tree of `values`, `[height, width]`.
  ///
  /// - Throws: `AContrarioError` where the count does not fit the shape or a value is not finite.
  init(_ values: [Float], height: Int, width: Int) throws(AContrarioError) {
    try checkShape(height: height, width: width, count: values.count)
    if let index = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
    self.init(checked: values, height: height, width: width)
  }

  /// The tree of a scale's energies.
  init(_ scale: ScaleEnergies) {
    self.init(checked: scale.values, height: scale.height, width: scale.width)
  }

  private init(checked values: [Float], height: Int, width: Int) {
    self.height = height
    self.width = width
    let order = ascendingOrder(of: values)
    let parents = pixelParents(of: values, order: order, height: height, width: width)

    var nodeOfPixel = [Int32](repeating: 0, count: values.count)
    var parent = [Int32]()
    var level = [Float]()
    var area = [Int32]()
    parent.reserveCapacity(values.count)
    level.reserveCapacity(values.count)
    area.reserveCapacity(values.count)
    for pixel in order {
      let above = parents[Int(pixel)]
      if above != pixel, values[Int(above)] == values[Int(pixel)] {
        nodeOfPixel[Int(pixel)] = nodeOfPixel[Int(above)]
        area[Int(nodeOfPixel[Int(above)])] += 1
      } else {
        let node = Int32(parent.count)
        parent.append(above == pixel ? node : nodeOfPixel[Int(above)])
        level.append(values[Int(pixel)])
        area.append(1)
        nodeOfPixel[Int(pixel)] = node
      }
    }
    for node in stride(from: parent.count - 1, to: 0, by: -1) { area[Int(parent[node])] += area[node] }
    self.parent = parent
    self.level = level
    self.area = area
    self.nodeOfPixel = nodeOfPixel
  }
}

/// For each pixel the canonical pixel of the component it hangs from. Ascending `order` visits parents first,
/// and of the pixels of one node the one that the others point to.
private func pixelParents(of values: [Float], order: [Int32], height: Int, width: Int) -> [Int32] {
  var parents = [Int32](repeating: 0, count: values.count)
  var roots = [Int32](repeating: -1, count: values.count)
  parents.withUnsafeMutableBufferPointer { parents in
    roots.withUnsafeMutableBufferPointer { roots in
      // From the highest pixel down, each joins the components around it and becomes their root.
      func join(_ pixel: Int32, _ neighbour: Int32) {
        guard roots[Int(neighbour)] >= 0 else { return }
        var root = neighbour
        while roots[Int(root)] != root {
          roots[Int(root)] = roots[Int(roots[Int(root)])]
          root = roots[Int(root)]
        }
        parents[Int(root)] = pixel
        roots[Int(root)] = pixel
      }
      for pixel in order.reversed() {
        parents[Int(pixel)] = pixel
        roots[Int(pixel)] = pixel
        let column = Int(pixel) % width
        if column > 0 { join(pixel, pixel - 1) }
        if column < width - 1 { join(pixel, pixel + 1) }
        if pixel >= Int32(width) { join(pixel, pixel - Int32(width)) }
        if Int(pixel) < (height - 1) * width { join(pixel, pixel + Int32(width)) }
      }
      // From the lowest up, chains of equal pixels are cut short to point to the first of their component.
      for pixel in order {
        let above = parents[Int(pixel)]
        let further = parents[Int(above)]
        if values[Int(further)] == values[Int(above)] { parents[Int(pixel)] = further }
      }
    }
  }
  return parents
}

/// The positions of finite `values` from the smallest to the largest, by a radix sort of their bit patterns.
private func ascendingOrder(of values: [Float]) -> [Int32] {
  let digit = 11
  let buckets = 1 << digit
  // Negative floats order against their bits, positive ones with them; adding zero makes -0 equal to 0.
  let keys = values.map { value -> UInt32 in
    let bits = (value + 0).bitPattern
    return bits >> 31 == 0 ? bits | 1 << 31 : ~bits
  }
  var order = [Int32](0..<Int32(values.count))
  var sorted = order
  var starts = [Int](repeating: 0, count: buckets)
  for shift in stride(from: 0, to: 32, by: digit) {
    starts.withUnsafeMutableBufferPointer { starts in
      starts.update(repeating: 0)
      for key in keys { starts[Int(key >> UInt32(shift)) & (buckets - 1)] += 1 }
      var total = 0
      for bucket in 0..<buckets {
        let size = starts[bucket]
        starts[bucket] = total
        total += size
      }
      for index in order {
        let bucket = Int(keys[Int(index)] >> UInt32(shift)) & (buckets - 1)
        sorted[starts[bucket]] = index
        starts[bucket] += 1
      }
    }
    swap(&order, &sorted)
  }
  return order
}
