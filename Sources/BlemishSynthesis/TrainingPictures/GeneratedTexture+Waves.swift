import Foundation

extension GeneratedTexture {
  /// Band-limited noise: plane waves of random phase whose frequencies lie around one and whose directions lie
  /// around one or anywhere.
  static func waves(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let count = random.chance(0.15) ? 2 + random.below(5) : 16 + random.below(32)
    let centre = random.logUniform(0.012, 0.3)
    let octaves = random.uniform(0.05, 1.5)
    let direction = random.uniform(0, .pi)
    let spread = random.chance(0.45) ? .pi : random.logUniform(0.03, 1)
    let slope = random.uniform(0, 1.5)
    var waves: [Wave] = []
    for _ in 0..<count {
      let frequency = min(centre * exp2(octaves * random.uniform(-1, 1)), 0.45)
      let angle = direction + spread * random.uniform(-1, 1)
      waves.append(
        Wave(
          stepX: 2 * .pi * frequency * cos(angle), stepY: 2 * .pi * frequency * sin(angle),
          phase: random.uniform(0, 2 * .pi), strength: pow(frequency / centre, -slope)))
    }
    return sum(of: waves, width: width, height: height)
  }

  private struct Wave {
    var stepX: Float
    var stepY: Float
    var phase: Float
    var strength: Float
  }

  /// cos(a + b) = cos a cos b - sin a sin b makes every wave a sum of two products of a row and a column.
  private static func sum(of waves: [Wave], width: Int, height: Int) -> Plane {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * waves.count * width) { tables in
      for (index, wave) in waves.enumerated() {
        let cosines = tables.baseAddress! + 2 * index * width
        turn(cosines, cosines + width, count: width, step: wave.stepX, phase: 0, strength: wave.strength)
      }
      return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * waves.count * height) { columns in
        for (index, wave) in waves.enumerated() {
          let cosines = columns.baseAddress! + 2 * index * height
          turn(cosines, cosines + height, count: height, step: wave.stepY, phase: wave.phase, strength: 1)
        }
        return Plane(width: width, height: height) { y, row in
          for x in 0..<width { row[x] = 0 }
          for index in waves.indices {
            let cosines = tables.baseAddress! + 2 * index * width
            let sines = cosines + width
            let (c, s) = (columns[2 * index * height + y], columns[(2 * index + 1) * height + y])
            for x in 0..<width { row[x] += c * cosines[x] - s * sines[x] }
          }
        }
      }
    }
  }

  /// Cosines and sines of evenly spaced angles, by turning a vector step by step.
  private static func turn(
    _ cosines: UnsafeMutablePointer<Float>, _ sines: UnsafeMutablePointer<Float>, count: Int, step: Float,
    phase: Float, strength: Float
  ) {
    let (c, s) = (Double(cos(step)), Double(sin(step)))
    var (x, y) = (Double(strength * cos(phase)), Double(strength * sin(phase)))
    for index in 0..<count {
      cosines[index] = Float(x)
      sines[index] = Float(y)
      (x, y) = (x * c - y * s, x * s + y * c)
    }
  }
}
