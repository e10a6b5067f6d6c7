/// The regions of a max-tree that survive pruning and merging, disjoint from one another.
struct TreeRegions: Sendable {
  /// One region.
  struct Region: Sendable {
    /// The node of the tree, with its level and area.
    let node: MaxTree.Node
    /// The log10 of its probability under the background model.
    let logProbability: Double
    /// Where its pixels lie in `pixels`.
    let range: Range<Int>
  }

  /// Rows of the grid.
  let height: Int
  /// Columns of the grid.
  let width: Int
  /// The regions, those of lower level first.
  let regions: [Region]
  /// The pixels of all regions, region after region, each ascending in row-major order.
  let pixels: [Int32]
  /// The pixel of the largest value in each region, the first of several as large.
  let peaks: [Int32]

  /// The pixels of a region, row-major positions in the grid.
  func pixels(of region: Region) -> ArraySlice<Int32> { pixels[region.range] }

  /// The log10 probability of the most significant region.
  var mostSignificantLogProbability: Double {
    regions.reduce(0) { min($0, $1.logProbability) }
  }

  /// The log10 probability of each pixel's region, `background` where there is none, `[height, width]`.
  func logProbabilityMap(background: Float = 0) -> [Float] {
    var map = [Float](repeating: background, count: height * width)
    for region in regions {
      for pixel in pixels(of: region) { map[Int(pixel)] = Float(region.logProbability) }
    }
    return map
  }
}

extension MaxTree {
  /// Prunes and merges the tree until nothing changes (U-Flow, section 3.3) and returns the regions that are left.
  ///
  /// Pruning keeps the most significant node of each branch. Merging removes the children of a node when all are
  /// leaves and none is more significant than it. Done in turn until nothing merges, both amount to one sweep from
  /// the leaves, because what a subtree shrinks to depends on that subtree alone. Either it collapses to its most
  /// significant node, or it keeps a fork, and then everything above the fork stays forked.
  ///
  /// - Parameter logProbability: the log10 probability of a node under the background model. Of nodes that are
  ///   equally significant, those on one branch are represented by the largest, and a fork by its parent.
  func regions(logProbability: (Node) -> Double) -> TreeRegions {
    var significance = [Double](repeating: 0, count: count)
    // Per node: the node its subtree collapses to, or -1 for a fork.
    var representative = [Int32](repeating: -1, count: count)
    var children = [Int32](repeating: 0, count: count)
    var forked = [Bool](repeating: false, count: count)
    // The smallest log-probability among what the children collapse to, and which one has it.
    var best = [Double](repeating: .infinity, count: count)
    var bestChild = [Int32](repeating: -1, count: count)
    for node in stride(from: count - 1, through: 0, by: -1) {
      significance[node] = logProbability(self[node])
      if !forked[node] {
        if children[node] == 0 || significance[node] <= best[node] {
          representative[node] = Int32(node)
        } else if children[node] == 1 {
          representative[node] = bestChild[node]
        }
      }
      guard node > 0 else { break }
      let above = Int(parent[node])
      children[above] += 1
      if representative[node] < 0 {
        forked[above] = true
      } else if significance[Int(representative[node])] < best[above] || bestChild[above] < 0 {
        best[above] = significance[Int(representative[node])]
        bestChild[above] = representative[node]
      }
    }

    // The root is final, and so is every child of a fork that collapsed to one node. `owner` is the final region a node lies in, or -1.
    var owner = [Int32](repeating: -1, count: count)
    var final = [Int32]()
    for node in 0..<count {
      let above = Int(parent[node])
      let kept = representative[node]
      if kept >= 0, node == 0 || representative[above] < 0 {
        owner[Int(kept)] = Int32(final.count)
        final.append(kept)
      }
      if owner[node] < 0, node > 0 { owner[node] = owner[above] }
    }

    var ends = [Int](repeating: 0, count: final.count)
    var total = 0
    let regions = final.enumerated().map { index, node in
      ends[index] = total
      total += Int(area[Int(node)])
      return TreeRegions.Region(
        node: self[Int(node)],
        logProbability: significance[Int(node)],
        range: ends[index]..<total
      )
    }
    var pixels = [Int32](repeating: 0, count: total)
    var peaks = [Int32](repeating: -1, count: final.count)
    for pixel in nodeOfPixel.indices {
      let node = Int(nodeOfPixel[pixel])
      let region = Int(owner[node])
      guard region >= 0 else { continue }
      pixels[ends[region]] = Int32(pixel)
      ends[region] += 1
      let peak = Int(peaks[region])
      if peak < 0 || level[node] > level[Int(nodeOfPixel[peak])] { peaks[region] = Int32(pixel) }
    }
    return TreeRegions(height: height, width: width, regions: regions, pixels: pixels, peaks: peaks)
  }
}
