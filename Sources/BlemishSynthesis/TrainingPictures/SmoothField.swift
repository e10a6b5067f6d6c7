import Foundation

/// Smooth random fields: independent normal numbers on a lattice, with smooth interpolation between.
enum SmoothField {
  /// A field with features of about `cell` pixels, standardised; the lattice is stretched `stretch` times along a
  /// direction, in radians from the rows.
  static func make(
    width: Int, height: Int, cell: Float, stretch: Float = 1, angle: Float = 0,
    _ random: inout SynthesisRandom
  ) -> Plane {
    let root = stretch.squareRoot()
    var field =
      angle == 0
      ? aligned(width: width, height: height, cellX: cell * root, cellY: cell / root, &random)
      : turned(width: width, height: height, cellU: cell * root, cellV: cell / root, angle: angle, &random)
    field.standardize()
    return field
  }

  /// Cubic B-splines over a lattice along the picture's axes: rows and columns one after the other.
  private static func aligned(
    width: Int, height: Int, cellX: Float, cellY: Float, _ random: inout SynthesisRandom
  ) -> Plane {
    let (cellX, cellY) = (max(cellX, 1), max(cellY, 1))
    let columns = Int(Float(width) / cellX) + 5
    let rows = Int(Float(height) / cellY) + 5
    let lattice = Plane.white(width: columns, height: rows, &random)
    let (offsetX, offsetY) = (random.unit(), random.unit())
    let across = lattice.interpolatedRows(width, cell: cellX, offset: offsetX)
    return across.transposed.interpolatedRows(height, cell: cellY, offset: offsetY).transposed
  }

  /// Smoothstep interpolation over a lattice that lies at an angle and repeats itself beyond the picture.
  private static func turned(
    width: Int, height: Int, cellU: Float, cellV: Float, angle: Float, _ random: inout SynthesisRandom
  ) -> Plane {
    let bits = 7
    let side = 1 << bits
    let lattice = Plane.white(width: side, height: side, &random)
    let (stepUX, stepUY) = (cos(angle) / cellU, sin(angle) / cellU)
    let (stepVX, stepVY) = (-sin(angle) / cellV, cos(angle) / cellV)
    // Far enough from 0 that truncation rounds down.
    let (offsetU, offsetV) = (random.uniform(1024, 2048), random.uniform(1024, 2048))
    return lattice.values.withUnsafeBufferPointer { lattice in
      Plane(width: width, height: height) { y, row in
        for x in 0..<width {
          let u = offsetU + Float(x) * stepUX + Float(y) * stepUY
          let v = offsetV + Float(x) * stepVX + Float(y) * stepVY
          let (column, line) = (Int(u), Int(v))
          let (s, t) = (smoothstep(u - Float(column)), smoothstep(v - Float(line)))
          let (left, right) = (column & (side - 1), (column + 1) & (side - 1))
          let (above, below) = ((line & (side - 1)) << bits, ((line + 1) & (side - 1)) << bits)
          let upper = lattice[above + left] + (lattice[above + right] - lattice[above + left]) * s
          let lower = lattice[below + left] + (lattice[below + right] - lattice[below + left]) * s
          row[x] = upper + (lower - upper) * t
        }
      }
    }
  }
}

extension Plane {
  /// `count` places a row, `cell` of them to each of this field's columns, by cubic B-splines.
  fileprivate func interpolatedRows(_ count: Int, cell: Float, offset: Float) -> Plane {
    var starts = [Int](repeating: 0, count: count)
    var weights = [SIMD4<Float>](repeating: .zero, count: count)
    for x in 0..<count {
      let place = Float(x) / cell + offset
      let start = Int(place)
      let t = place - Float(start)
      let (t2, t3) = (t * t, t * t * t)
      starts[x] = start
      weights[x] = SIMD4(1 - 3 * t + 3 * t2 - t3, 4 - 6 * t2 + 3 * t3, 1 + 3 * t + 3 * t2 - 3 * t3, t3) / 6
    }
    return values.withUnsafeBufferPointer { values in
      starts.withUnsafeBufferPointer { starts in
        weights.withUnsafeBufferPointer { weights in
          Plane(width: count, height: height) { y, row in
            let line = values.baseAddress! + y * width
            for x in 0..<count {
              let (four, weight) = (line + starts[x], weights[x])
              row[x] = four[0] * weight[0] + four[1] * weight[1] + four[2] * weight[2] + four[3] * weight[3]
            }
          }
        }
      }
    }
  }
}

/// 0 at 0, 1 at 1, level at both.
@inline(__always)
func smoothstep(_ t: Float) -> Float { t * t * (3 - 2 * t) }
