import Foundation

extension GeneratedTexture {
  /// Cells around the points of a jittered lattice (Worley, "A cellular texture basis function", 1996): domes,
  /// grains with borders, or a mosaic.
  static func cells(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let size = random.logUniform(3, 28)
    let stretch = random.chance(0.5) ? 1 : random.logUniform(1, 4)
    let angle = random.uniform(0, .pi)
    let jitter = random.uniform(0.3, 1)
    let side = 64
    let points = (0..<side * side).map { _ in
      SIMD4<Float>(
        0.5 + jitter * (random.unit() - 0.5), 0.5 + jitter * (random.unit() - 0.5), random.normal(), 0)
    }
    let (stepUX, stepUY) = (cos(angle) / (size * stretch), sin(angle) / (size * stretch))
    let (stepVX, stepVY) = (-sin(angle) / size, cos(angle) / size)
    let (offsetU, offsetV) = (random.uniform(1024, 1088), random.uniform(1024, 1088))
    let dome = random.uniform(-1, 1)
    let border = random.chance(0.6) ? random.uniform(0.2, 1.5) : 0
    let borderWidth = random.uniform(0.05, 0.35)
    let mosaic = random.uniform(0, 1)
    return points.withUnsafeBufferPointer { points in
      Plane(width: width, height: height) { y, row in
        for x in 0..<width {
          let u = offsetU + Float(x) * stepUX + Float(y) * stepUY
          let v = offsetV + Float(x) * stepVX + Float(y) * stepVY
          let (column, line) = (Int(u), Int(v))
          var (nearest, second, value) = (Float.infinity, Float.infinity, Float(0))
          for neighbour in -1...1 {
            let rowStart = ((line + neighbour) & (side - 1)) * side
            let dv = Float(line + neighbour) - v
            for beside in -1...1 {
              let point = points[rowStart + ((column + beside) & (side - 1))]
              let du = Float(column + beside) - u + point.x
              let distance = du * du + (dv + point.y) * (dv + point.y)
              if distance < nearest {
                (second, nearest, value) = (nearest, distance, point.z)
              } else {
                second = min(second, distance)
              }
            }
          }
          let (d1, d2) = (nearest.squareRoot(), second.squareRoot())
          row[x] = dome * d1 + mosaic * value * 0.3 - border * (1 - saturate((d2 - d1) / borderWidth))
        }
      }
    }
  }
}
