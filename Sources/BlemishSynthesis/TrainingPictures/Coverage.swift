import Foundation

/// How much of every pixel something covers, within the rectangle where it is more than nothing.
struct Coverage: Sendable {
  let x0: Int
  let y0: Int
  let width: Int
  let height: Int
  /// `[height, width]`, 0...1.
  var values: [Float]

  /// Nothing, over the part of a rectangle that lies in a picture.
  init(x: ClosedRange<Float>, y: ClosedRange<Float>, width pictureWidth: Int, height pictureHeight: Int) {
    func clip(_ range: ClosedRange<Float>, _ count: Int) -> (Int, Int) {
      let low = Int(max(min(range.lowerBound.rounded(.down), Float(count)), 0))
      let high = Int(max(min(range.upperBound.rounded(.up) + 1, Float(count)), 0))
      return (low, max(high - low, 0))
    }
    (x0, width) = clip(x, pictureWidth)
    (y0, height) = clip(y, pictureHeight)
    values = [Float](repeating: 0, count: width * height)
  }

  /// Calls the body with the index in a picture of this width and the coverage, wherever it is more than nothing.
  @inline(__always)
  func forEach(width pictureWidth: Int, _ body: (_ place: Int, _ coverage: Float) -> Void) {
    values.withUnsafeBufferPointer { values in
      for y in 0..<height {
        for x in 0..<width where values[y * width + x] > 0 {
          body((y0 + y) * pictureWidth + x0 + x, values[y * width + x])
        }
      }
    }
  }

  /// Computes every value from its pixel's place in the picture and the value before.
  @inline(__always)
  mutating func update(_ value: (_ x: Float, _ y: Float, _ before: Float) -> Float) {
    let (x0, y0, width, height) = (x0, y0, width, height)
    values.withUnsafeMutableBufferPointer { values in
      for y in 0..<height {
        for x in 0..<width {
          values[y * width + x] = value(Float(x0 + x), Float(y0 + y), values[y * width + x])
        }
      }
    }
  }

  /// The larger of two coverages everywhere.
  mutating func join(_ other: Coverage, width pictureWidth: Int, height pictureHeight: Int) {
    let all = self
    self = Coverage(
      x: Float(min(all.x0, other.x0))...Float(max(all.x0 + all.width, other.x0 + other.width)),
      y: Float(min(all.y0, other.y0))...Float(max(all.y0 + all.height, other.y0 + other.height)),
      width: pictureWidth, height: pictureHeight)
    for part in [all, other] {
      for y in 0..<part.height {
        for x in 0..<part.width {
          let place = (part.y0 + y - y0) * width + part.x0 + x - x0
          values[place] = max(values[place], part.values[y * part.width + x])
        }
      }
    }
  }

  /// A disc with an edge one pixel soft.
  static func disc(radius: Float, x: Float, y: Float, width: Int, height: Int) -> Coverage {
    var disc = Coverage(
      x: x - radius - 1...x + radius + 1, y: y - radius - 1...y + radius + 1, width: width, height: height)
    disc.update { px, py, _ in
      let (dx, dy) = (px - x, py - y)
      return saturate(radius + 0.5 - (dx * dx + dy * dy).squareRoot())
    }
    return disc
  }

  /// An irregular ellipse: soft or sharp at its edge, which wanders.
  /// - Parameter radius: in pixels, the geometric mean of both half axes.
  static func blob(
    radius: Float, x: Float, y: Float, width: Int, height: Int, _ random: inout SynthesisRandom
  ) -> Coverage {
    let stretch = random.logUniform(1, 3).squareRoot()
    let angle = random.uniform(0, .pi)
    let (c, s) = (cos(angle), sin(angle))
    let softness = max(random.chance(0.5) ? random.uniform(0.05, 0.5) : 0.05, 0.7 / radius)
    let unrest: Float = radius > 3 ? random.uniform(0, 0.4) : 0
    // Beyond this many radii no wandering edge reaches.
    let reach = radius * stretch * (1 + softness / 2 + 2.2 * unrest) + 1
    var blob = Coverage(x: x - reach...x + reach, y: y - reach...y + reach, width: width, height: height)
    guard blob.width > 0, blob.height > 0 else { return blob }
    let cell = max(2, radius * random.uniform(0.3, 1.2))
    let edge =
      unrest > 0
      ? SmoothField.make(width: blob.width, height: blob.height, cell: cell, &random)
      : Plane(width: blob.width, height: blob.height)
    blob.values = edge.values
    blob.update { px, py, edge in
      let (dx, dy) = (px - x, py - y)
      let (u, v) = ((dx * c + dy * s) / stretch, (dy * c - dx * s) * stretch)
      let distance = (u * u + v * v).squareRoot() / radius + edge * unrest
      return saturate((1 - distance) / softness + 0.5)
    }
    return blob
  }

  /// What lies beyond an edge across the picture, or between two: at most half of it. The edge is soft or sharp, and
  /// wanders; as often as not it runs about along the picture's sides.
  static func area(width: Int, height: Int, _ random: inout SynthesisRandom) -> Coverage {
    let side = Float(min(width, height))
    let angle =
      random.chance(0.5)
      ? random.uniform(0, 2 * .pi) : Float(random.below(4)) * .pi / 2 + 0.1 * random.normal()
    let (c, s) = (cos(angle), sin(angle))
    // How far the picture reaches to either side of its middle, across the edge.
    let reach = (abs(c) * Float(width) + abs(s) * Float(height)) / 2
    let depth = random.uniform(0.1, 1) * reach
    let start = random.chance(0.6) ? reach - depth : random.uniform(-reach, reach - depth)
    // The far edge of an area at the border lies outside.
    let end = start + depth >= reach - 1 ? Float.infinity : start + depth
    let softness = random.chance(0.6) ? 1 : random.logUniform(0.01, 0.1) * side
    let unrest = random.chance(0.7) ? random.uniform(0, 0.05) * side : 0
    var area = Coverage(x: 0...Float(width), y: 0...Float(height), width: width, height: height)
    area.values =
      SmoothField.make(width: width, height: height, cell: side * random.uniform(0.1, 0.6), &random).values
    area.update { x, y, field in
      let place = (x - Float(width) / 2) * c + (y - Float(height) / 2) * s + field * unrest
      return saturate(min(place - start, end - place) / softness + 0.5)
    }
    return area
  }
}
