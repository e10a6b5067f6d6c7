/// A closed line around pixels. Its corners are those of pixels: (0, 0) is the upper left corner of the first pixel.
public struct Polygon: Sendable, Equatable {
  /// The corners in order; the line returns from the last to the first.
  public let corners: [SIMD2<Double>]

  /// A closed line through corners.
  public init(_ corners: [SIMD2<Double>]) { self.corners = corners }

  /// The area within, in pixels: negative where the line runs the other way round, as it does around a hole.
  public var signedArea: Double {
    var sum = 0.0
    for (place, corner) in corners.enumerated() {
      let next = corners[(place + 1) % corners.count]
      sum += corner.x * next.y - next.x * corner.y
    }
    return sum / 2
  }

  /// The lines around the marked pixels of a rectangle, and around the holes in them. Pixels that share a corner are
  /// within one line.
  /// - Parameters:
  ///   - x0: the column of the rectangle's first pixel.
  ///   - y0: its row.
  ///   - isMarked: of a pixel of the rectangle, by its column and row in it.
  public static func around(
    x x0: Int, y y0: Int, width: Int, height: Int, _ isMarked: (_ x: Int, _ y: Int) -> Bool
  ) -> [Polygon] {
    func isIn(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < height && isMarked(x, y) }
    // The sides of pixels between marked and others, marked ones to the right, by the corner that they begin at: at most
    // one in each direction: right, down, left, up.
    let columns = width + 1
    var sides = [UInt8](repeating: 0, count: columns * (height + 1))
    for y in 0..<height {
      for x in 0..<width where isMarked(x, y) {
        let corner = y * columns + x
        if !isIn(x, y - 1) { sides[corner] |= 1 }
        if !isIn(x + 1, y) { sides[corner + 1] |= 2 }
        if !isIn(x, y + 1) { sides[corner + columns + 1] |= 4 }
        if !isIn(x - 1, y) { sides[corner + columns] |= 8 }
      }
    }
    let steps = [1, columns, -1, -columns]
    var polygons: [Polygon] = []
    for start in sides.indices {
      while sides[start] != 0 {
        var corners: [SIMD2<Double>] = []
        var direction = sides[start].trailingZeroBitCount
        var corner = start
        repeat {
          sides[corner] &= ~(1 << UInt8(direction))
          let next = corner + steps[direction]
          // To the left first: pixels that share this corner belong together.
          let ways = [(direction + 3) % 4, direction, (direction + 1) % 4]
          let turn = ways.first { sides[next] & 1 << UInt8($0) != 0 } ?? direction
          if turn != direction || next == start {
            corners.append(SIMD2(Double(x0 + next % columns), Double(y0 + next / columns)))
          }
          (corner, direction) = (next, turn)
        } while corner != start
        polygons.append(Polygon(corners))
      }
    }
    return polygons
  }

  /// The line with fewer corners (Douglas and Peucker, 1973): no corner that is left out is farther from the line than
  /// the tolerance. Where less than a triangle would remain, the tolerance is halved until it does not.
  /// - Parameter tolerance: in pixels.
  public func simplified(tolerance: Double) -> Polygon {
    guard corners.count > 3, tolerance > 0 else { return self }
    let first = 0
    let opposite = corners.indices.max { distance($0, first) < distance($1, first) } ?? 0
    var isKept = [Bool](repeating: false, count: corners.count)
    (isKept[first], isKept[opposite]) = (true, true)
    var pieces = [(first, opposite), (opposite, corners.count)]
    while let (start, end) = pieces.popLast() {
      let places = (start + 1)..<max(end, start + 1)
      let farthest = places.max { offset($0, start, end) < offset($1, start, end) }
      guard let farthest, offset(farthest, start, end) > tolerance else { continue }
      isKept[farthest] = true
      pieces += [(start, farthest), (farthest, end)]
    }
    let kept = corners.indices.filter { isKept[$0] }
    guard kept.count >= 3 else { return tolerance > 0.1 ? simplified(tolerance: tolerance / 2) : self }
    return Polygon(kept.map { corners[$0] })
  }

  private func distance(_ one: Int, _ other: Int) -> Double {
    let d = corners[one] - corners[other]
    return (d * d).sum()
  }

  /// How far a corner is from the piece of line between two others.
  private func offset(_ place: Int, _ start: Int, _ end: Int) -> Double {
    let (a, b) = (corners[start], corners[end % corners.count])
    let (along, to) = (b - a, corners[place] - a)
    let squared = (along * along).sum()
    let part = squared > 0 ? min(max((along * to).sum() / squared, 0), 1) : 0
    let d = to - along * part
    return (d * d).sum().squareRoot()
  }
}
