/// The connected regions of a mask.
package struct ConnectedComponents: Sendable, Equatable {
  /// Which pixels touch.
  package enum Connectivity: Sendable {
    /// Those that share a side.
    case four
    /// Those that share a side or a corner.
    case eight
  }

  /// What is known of one region. Coordinates are pixels, from the upper left corner.
  package struct Region: Sendable, Equatable {
    /// The number that ``ConnectedComponents/labels`` has at the region's pixels, from 1.
    package let label: Int32
    /// The number of pixels.
    package fileprivate(set) var area = 0
    /// The columns from the leftmost to the rightmost pixel.
    package fileprivate(set) var columns: Range<Int>
    /// The rows from the uppermost to the lowest pixel.
    package fileprivate(set) var rows: Range<Int>
    /// The mean position of its pixels, each taken at its index.
    package var centroid: (x: Double, y: Double) {
      (Double(columnSum) / Double(area), Double(rowSum) / Double(area))
    }
    fileprivate var columnSum = 0
    fileprivate var rowSum = 0
  }

  /// Pixels in a row.
  package let width: Int
  /// For each pixel, row-major, the number of its region, 0 outside the mask.
  package let labels: [Int32]
  /// The regions in the order in which their first pixels are met, so that label n is at `n - 1`.
  package let regions: [Region]

  /// Finds the regions.
  ///
  /// - Parameters:
  ///   - pixels: `[height, width]`, row-major.
  ///   - width: pixels in a row.
  ///   - connectivity: which pixels touch.
  package init(of pixels: [Bool], width: Int, connectivity: Connectivity = .eight) {
    precondition(width > 0 && pixels.count % width == 0, "a mask has whole rows")
    let height = pixels.count / width
    var labels = [Int32](repeating: 0, count: pixels.count)
    var sets = DisjointSets()

    // First pass: a provisional label for every pixel, and which of them touch.
    switch connectivity {
    case .four: Self.labelFour(pixels, width: width, labels: &labels, sets: &sets)
    case .eight: Self.labelEight(pixels, width: width, labels: &labels, sets: &sets)
    }

    // Second pass: final labels, and what each region consists of.
    let final = sets.numbered()
    var regions: [Region] = []
    for y in 0..<height {
      let start = y * width
      for x in 0..<width where labels[start + x] != 0 {
        let label = final[Int(labels[start + x])]
        labels[start + x] = label
        if Int(label) > regions.count {
          regions.append(Region(label: label, columns: x..<x + 1, rows: y..<y + 1))
        }
        regions[Int(label) - 1].include(x: x, y: y)
      }
    }
    self.width = width
    self.labels = labels
    self.regions = regions
  }

  private static func labelFour(
    _ pixels: [Bool], width: Int, labels: inout [Int32], sets: inout DisjointSets
  ) {
    for y in 0..<pixels.count / width {
      let start = y * width
      for x in 0..<width where pixels[start + x] {
        let index = start + x
        let above = y > 0 ? labels[index - width] : 0
        let left = x > 0 ? labels[index - 1] : 0
        if above != 0 {
          labels[index] = above
          if left != 0, left != above { sets.join(left, above) }
        } else if left != 0 {
          labels[index] = left
        } else {
          labels[index] = sets.add()
        }
      }
    }
  }

  private static func labelEight(
    _ pixels: [Bool], width: Int, labels: inout [Int32], sets: inout DisjointSets
  ) {
    for y in 0..<pixels.count / width {
      let start = y * width
      for x in 0..<width where pixels[start + x] {
        let index = start + x
        let above = y > 0 ? labels[index - width] : 0
        let left = x > 0 ? labels[index - 1] : 0
        let aboveLeft = y > 0 && x > 0 ? labels[index - width - 1] : 0
        let aboveRight = y > 0 && x + 1 < width ? labels[index - width + 1] : 0
        if above != 0 {
          labels[index] = above  // it touches all the others already
        } else if aboveRight != 0 {
          labels[index] = aboveRight
          if left != 0 {
            sets.join(left, aboveRight)
          } else if aboveLeft != 0 {
            sets.join(aboveLeft, aboveRight)
          }
        } else if left != 0 {
          labels[index] = left
        } else if aboveLeft != 0 {
          labels[index] = aboveLeft
        } else {
          labels[index] = sets.add()
        }
      }
    }
  }
}

extension ConnectedComponents.Region {
  fileprivate mutating func include(x: Int, y: Int) {
    area += 1
    columnSum += x
    rowSum += y
    columns = min(columns.lowerBound, x)..<max(columns.upperBound, x + 1)
    rows = rows.lowerBound..<max(rows.upperBound, y + 1)
  }
}

/// Provisional labels and which of them belong together. A set's root is its smallest member.
private struct DisjointSets {
  private var parents: [Int32] = [0]

  mutating func add() -> Int32 {
    let label = Int32(parents.count)
    parents.append(label)
    return label
  }

  private mutating func root(of label: Int32) -> Int32 {
    var label = label
    while parents[Int(label)] != label {
      parents[Int(label)] = parents[Int(parents[Int(label)])]  // halves the path for the next time
      label = parents[Int(label)]
    }
    return label
  }

  mutating func join(_ first: Int32, _ second: Int32) {
    let (first, second) = (root(of: first), root(of: second))
    parents[Int(max(first, second))] = min(first, second)
  }

  /// For each label the number of its set: 1, 2, ... in the order of the roots.
  func numbered() -> [Int32] {
    var numbers: [Int32] = [0]
    var count: Int32 = 0
    for label in parents.indices.dropFirst() {
      // Parents are smaller than their children, so a parent's number is already known.
      if parents[label] == label {
        count += 1
        numbers.append(count)
      } else {
        numbers.append(numbers[Int(parents[label])])
      }
    }
    return numbers
  }
}
