import Foundation

extension GeneratedTexture {
  /// A grating, or two that cross: added, multiplied, the upper of both, or over and under as threads go.
  static func weave(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let angle = random.chance(0.5) ? (random.chance(0.5) ? 0 : .pi / 2) : random.uniform(0, .pi)
    let period = random.logUniform(3, 40)
    let warp = Warp(width: width, height: height, period: period, &random)
    var first = Grating(angle: angle, period: period, &random).plane(width: width, height: height, warp)
    guard random.chance(0.55) else { return first }
    let second = Grating(
      angle: angle + (random.chance(0.7) ? .pi / 2 : random.uniform(0.4, 2.7)),
      period: random.chance(0.7) ? period : period * random.uniform(0.5, 2), &random
    ).plane(width: width, height: height, warp)
    switch random.below(4) {
    case 0: first.combine(second) { $0 + $1 }
    case 1: first.combine(second) { $0 * $1 }
    case 2: first.combine(second) { max($0, $1) }
    default: first.combine(second) { $0 > 0.5 ? $1 : 1 - $1 }
    }
    return first
  }

  /// How far a regular pattern is displaced from place to place, in periods.
  private struct Warp {
    let field: Plane?

    init(width: Int, height: Int, period: Float, _ random: inout SynthesisRandom) {
      guard random.chance(0.6) else {
        field = nil
        return
      }
      var field = SmoothField.make(
        width: width, height: height, cell: period * random.logUniform(0.7, 6), &random)
      let amount = random.logUniform(0.02, 0.4)
      field.map { $0 * amount }
      self.field = field
    }
  }

  /// Stripes of one profile.
  private struct Grating {
    let stepX: Float
    let stepY: Float
    let offset: Float
    let profile: Int
    let duty: Float
    let softness: Float
    let variation: [Float]

    init(angle: Float, period: Float, _ random: inout SynthesisRandom) {
      stepX = cos(angle) / period
      stepY = sin(angle) / period
      offset = random.uniform(4096, 4097)
      profile = random.below(4)
      duty = random.uniform(0.15, 0.85)
      softness = max(random.uniform(0.05, 0.5), 1.4 / period)
      // Stripes differ from one another as threads and planks do.
      let strength = random.chance(0.5) ? random.logUniform(0.03, 0.5) : 0
      variation = (0..<64).map { _ in strength * random.normal() }
    }

    func plane(width: Int, height: Int, _ warp: Warp) -> Plane {
      var plane = Plane(width: width, height: height) { y, row in
        let start = offset + Float(y) * stepY
        for x in 0..<width { row[x] = start + Float(x) * stepX }
      }
      if let field = warp.field { plane.combine(field) { $0 + $1 } }
      variation.withUnsafeBufferPointer { variation in
        plane.map { phase in
          let stripe = Int(phase)
          let t = phase - Float(stripe)
          let u = abs(2 * t - 1)
          let value =
            switch profile {
            case 0: smoothstep(u)
            case 1: saturate((u - duty) / softness + 0.5)
            case 2: 1 - saturate(u / softness)
            default:
              saturate(t / (1 - 0.5 * softness)) - saturate((t - 1 + 0.5 * softness) / (0.5 * softness))
            }
          return value + variation[stripe & 63]
        }
      }
      return plane
    }
  }
}
