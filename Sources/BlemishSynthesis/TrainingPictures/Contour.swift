import Foundation

/// Shapes that divide a picture into an object and its ground: edges, bars, holes, frames.
enum Contour {
  /// How much of every pixel the object covers.
  static func coverage(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let shape = Shape(width: Float(width), height: Float(height), &random)
    let softness = random.logUniform(0.7, 5)
    let turned = random.chance(0.5)
    var field = Plane(width: width, height: height) { y, row in
      for x in 0..<width { row[x] = shape.distance(Float(x), Float(y)) }
    }
    if random.chance(0.35) {
      let unrest = SmoothField.make(width: width, height: height, cell: random.logUniform(4, 40), &random)
      let amount = random.logUniform(0.3, 6)
      field.combine(unrest) { $0 + amount * $1 }
    }
    field.map { distance in
      let inside = saturate(0.5 - distance / softness)
      return turned ? 1 - inside : inside
    }
    return field
  }

  /// A shape with the signed distance to its border, in pixels, negative inside.
  private struct Shape {
    private enum Kind {
      case edge, bar, disc, ring, box, holes
    }

    private let kind: Kind
    private let centre: SIMD2<Float>
    private let across: SIMD2<Float>
    private let size: Float
    private let other: Float

    init(width: Float, height: Float, _ random: inout SynthesisRandom) {
      let side = min(width, height)
      kind = random.pick([.edge, .edge, .bar, .disc, .ring, .box, .box, .holes])
      centre = [random.uniform(0, width), random.uniform(0, height)]
      // Parts lie along the picture's axes more often than not.
      let angle =
        random.chance(0.6)
        ? Float(random.below(4)) * .pi / 2 + 0.03 * random.normal() : random.uniform(0, 2 * .pi)
      across = [cos(angle), sin(angle)]
      switch kind {
      case .edge, .box, .disc: size = random.uniform(0.15, 0.6) * side
      case .bar, .ring: size = random.logUniform(0.02, 0.25) * side
      case .holes: size = random.logUniform(0.06, 0.4) * side
      }
      other = kind == .holes ? size * random.uniform(0.15, 0.4) : random.uniform(0.1, 0.6) * side
    }

    func distance(_ x: Float, _ y: Float) -> Float {
      let place = SIMD2(x, y) - centre
      let u = (place * across).sum()
      let v = place.y * across.x - place.x * across.y
      switch kind {
      case .edge: return u
      case .bar: return abs(u) - size
      case .disc: return (u * u + v * v).squareRoot() - size
      case .ring: return abs((u * u + v * v).squareRoot() - other) - size / 2
      case .box:
        let (dx, dy) = (abs(u) - size, abs(v) - other)
        let (outX, outY) = (max(dx, 0), max(dy, 0))
        return (outX * outX + outY * outY).squareRoot() + min(max(dx, dy), 0)
      case .holes:
        let (p, q) = (u - size * (u / size).rounded(), v - size * (v / size).rounded())
        return (p * p + q * q).squareRoot() - other
      }
    }
  }
}
