import BlemishSupport
import Foundation

/// What a part is like at one point.
struct SurfacePoint {
  /// Reflected part of white light: red, green, blue in 0...1.
  var color: SIMD3<Float>
  /// Height towards the camera, in picture widths.
  var height: Float = 0
  /// Strength of the highlight.
  var gloss: Float = 0
  /// Direction of fine parallel grooves, which stretch the highlight across it; zero if there are none.
  var grain: SIMD2<Float> = .zero
  /// How much the part (1) or what lies behind it (0) is seen.
  var solid: Float = 1
  /// How much of the point a planted defect has changed.
  var defect: Float = 0
}

/// A kind of part: a function from places on it to its surface there. A value is one specimen, so that two
/// differ as two parts from one line do.
protocol PartSurface {
  /// - Parameters:
  ///   - place: where, in picture widths from the centre.
  ///   - pixel: the width of a pixel, for smooth edges.
  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint
}

/// The surface as the camera's pixels see it, before light falls on it.
struct SurfaceGrid {
  let size: Int
  var points: [SurfacePoint]

  /// Samples a specimen that lies a little turned, shifted and nearer or farther.
  init(_ surface: some PartSurface, size: Int, pose: Pose) {
    self.size = size
    let pixel = 1 / (Float(size) * pose.scale)
    let (cosine, sine) = (Foundation.cos(pose.angle), Foundation.sin(pose.angle))
    points = []
    points.reserveCapacity(size * size)
    for row in 0..<size {
      for column in 0..<size {
        let x = ((Float(column) + 0.5) / Float(size) - 0.5 - pose.shift.x) / pose.scale
        let y = ((Float(row) + 0.5) / Float(size) - 0.5 - pose.shift.y) / pose.scale
        var point = surface([cosine * x + sine * y, cosine * y - sine * x], pixel: pixel)
        point.grain = [
          cosine * point.grain.x - sine * point.grain.y, sine * point.grain.x + cosine * point.grain.y,
        ]
        points.append(point)
      }
    }
  }
}

/// How a part lies under the camera.
struct Pose {
  /// In radians.
  var angle: Float
  /// In picture widths.
  var shift: SIMD2<Float>
  var scale: Float

  /// - Parameter fixed: whether a holder keeps the part in place, but for a pixel or so.
  init(_ generator: inout SplitMix64, fixed: Bool) {
    let (turn, way): (Float, Float) = fixed ? (0.004, 0.004) : (0.06, 0.014)
    angle = generator.uniform(-turn, turn)
    shift = [generator.uniform(-way, way), generator.uniform(-way, way)]
    scale = fixed ? generator.uniform(0.999, 1.001) : generator.uniform(0.985, 1.015)
  }
}

/// The light and the camera, which change a little from picture to picture.
struct Exposure {
  private let light: SIMD3<Float>
  private let halfway: SIMD3<Float>
  private let tint: SIMD3<Float>
  private let fall: SIMD2<Float>
  private let brightness: Float
  private let offset: Float
  private let noise: Float

  /// A lamp that hangs still and a good camera: the gain changes by 1%, the offset by half a per cent of
  /// white. The noise has a deviation of about one grey level of 255.
  init(fixed generator: inout SplitMix64) {
    let elevation: Float = 0.92
    let level = Foundation.cos(elevation)
    light = [level * -0.67, level * -0.742, Foundation.sin(elevation)]
    let sum = light + [0, 0, 1]
    halfway = sum / (sum * sum).sum().squareRoot()
    tint = .one
    fall = [0.03, 0.04]
    brightness = generator.uniform(0.99, 1.01)
    offset = generator.uniform(-0.005, 0.005)
    noise = 1 / 255
  }

  /// Light and camera as they are in a hall: each picture has its own direction, warmth and brightness.
  init(_ generator: inout SplitMix64) {
    offset = 0
    let azimuth = -2.3 + generator.uniform(-0.25, 0.25)
    let elevation = generator.uniform(0.85, 1.0)
    light = [
      Foundation.cos(elevation) * Foundation.cos(azimuth),
      Foundation.cos(elevation) * Foundation.sin(azimuth),
      Foundation.sin(elevation),
    ]
    let sum = light + [0, 0, 1]
    halfway = sum / (sum * sum).sum().squareRoot()
    let warmth = generator.uniform(-0.025, 0.025)
    tint = [1 + warmth, 1, 1 - warmth]
    fall = generator.direction() * generator.uniform(0.02, 0.14)
    brightness = generator.uniform(0.92, 1.07)
    noise = generator.uniform(0.007, 0.012)
  }

  /// The picture, `size * size` pixels of red, green, blue.
  func photograph(_ grid: SurfaceGrid, _ generator: inout SplitMix64) -> [UInt8] {
    let size = grid.size
    var lit = [SIMD3<Float>](repeating: .zero, count: size * size)
    grid.points.withUnsafeBufferPointer { points in
      for row in 0..<size {
        for column in 0..<size {
          lit[row * size + column] = shade(points, row: row, column: column, size: size)
        }
      }
    }
    return develop(lit, size: size, &generator)
  }

  private func shade(
    _ points: UnsafeBufferPointer<SurfacePoint>,
    row: Int,
    column: Int,
    size: Int
  ) -> SIMD3<Float> {
    let here = row * size + column
    let (left, right) = (column > 0 ? here - 1 : here, column < size - 1 ? here + 1 : here)
    let (above, below) = (row > 0 ? here - size : here, row < size - 1 ? here + size : here)
    let steps = Float(size) / 2
    let normal = SIMD3<Float>(
      (points[left].height - points[right].height) * steps,
      (points[above].height - points[below].height) * steps,
      1
    )
    let scale = 1 / (normal * normal).sum().squareRoot()
    let diffuse = max((normal * light).sum() * scale, 0) / light.z
    let point = points[here]
    var alignment = max((normal * halfway).sum() * scale, 0)
    var sharpness: Float = 30
    if point.grain != .zero {
      // Ward's picture of brushed metal: only the part of the half vector along the grooves dims the
      // highlight.
      let tilted = SIMD2<Float>(halfway.x - normal.x * scale, halfway.y - normal.y * scale)
      let along = (point.grain * tilted).sum()
      alignment = max(1 - along * along * 7, 0)
      sharpness = 3
    }
    let highlight = point.gloss * Foundation.pow(alignment, sharpness)
    let place = SIMD2<Float>(Float(column), Float(row)) / Float(size) - 0.5
    let field = brightness * (1 + (place * fall).sum() * 2) * (1 - 0.32 * (place * place).sum())
    return (point.color * (0.3 + 0.7 * diffuse) + highlight) * tint * field
  }

  /// Lens blur, sensor noise, and a shoulder that lets highlights run out softly.
  private func develop(_ lit: [SIMD3<Float>], size: Int, _ generator: inout SplitMix64) -> [UInt8] {
    var blurred = lit
    for row in 0..<size {
      for column in 0..<size {
        let (left, right) = (max(column - 1, 0), min(column + 1, size - 1))
        let (above, below) = (max(row - 1, 0) * size, min(row + 1, size - 1) * size)
        let here = row * size
        let sides = lit[here + left] + lit[here + right] + lit[above + column] + lit[below + column]
        blurred[here + column] = lit[here + column] * 0.6 + sides * 0.1
      }
    }
    var samples: [UInt8] = []
    samples.reserveCapacity(size * size * 3)
    for value in blurred {
      let bits = generator.next()
      // Four uniform numbers make a good enough normal one: grey noise, and a little of its own per channel.
      let parts = SIMD4<Float>(
        Float(bits & 0xFFFF),
        Float(bits >> 16 & 0xFFFF),
        Float(bits >> 32 & 0xFFFF),
        Float(bits >> 48)
      )
      let unit = parts / 32768 - 1
      let grey = unit.sum() * 0.85
      let colored = SIMD3<Float>(unit.x - unit.y, unit.y - unit.z, unit.z - unit.x) * 0.4
      let light = value.clamped(lowerBound: .zero, upperBound: .one * 4)
      let grain = (colored + grey) * (noise * (0.6 + 0.6 * light.sum() / 3))
      let shown = light / (1 + light * light * light * 0.12) + grain + offset
      for channel in 0..<3 { samples.append(UInt8(min(max(shown[channel] * 255, 0), 255).rounded())) }
    }
    return samples
  }
}
