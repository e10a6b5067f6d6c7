import BlemishSupport
import Foundation

/// Smooth random fields: values on a lattice, hashed from place and seed, with smooth interpolation between.
struct ValueNoise {
  private let seed: UInt32

  /// The field of a seed.
  init(seed: UInt32) { self.seed = seed }

  /// A field of its own for every call.
  init(_ generator: inout SplitMix64) { seed = UInt32(truncatingIfNeeded: generator.next()) }

  /// A value in [-1, 1] that varies over a distance of about 1.
  func callAsFunction(_ x: Float, _ y: Float) -> Float { callAsFunction(x, y, period: 0) }

  /// The same, repeating along y after `period` steps (0: never).
  func callAsFunction(_ x: Float, _ y: Float, period: Int32) -> Float {
    let (floorX, floorY) = (x.rounded(.down), y.rounded(.down))
    let (column, row) = (Int32(floorX), Int32(floorY))
    let (fx, fy) = (smooth(x - floorX), smooth(y - floorY))
    let (top, bottom) = period > 0 ? (wrap(row, period), wrap(row &+ 1, period)) : (row, row &+ 1)
    let upper = mix(lattice(column, top), lattice(column &+ 1, top), fx)
    let lower = mix(lattice(column, bottom), lattice(column &+ 1, bottom), fx)
    return mix(upper, lower, fy)
  }

  /// A sum of octaves, each of twice the frequency and half the amplitude; about [-1, 1].
  func octaves(_ x: Float, _ y: Float, count: Int = 4) -> Float {
    var (sum, amplitude, frequency): (Float, Float, Float) = (0, 0.55, 1)
    for octave in 0..<count {
      let shift = Float(octave) * 17.3
      sum += amplitude * self(x * frequency + shift, y * frequency - shift)
      (amplitude, frequency) = (amplitude / 2, frequency * 2)
    }
    return sum
  }

  /// The value in [-1, 1] at a lattice point.
  func lattice(_ column: Int32, _ row: Int32) -> Float {
    var hash = UInt32(bitPattern: column) &* 0x9E37_79B1 ^ UInt32(bitPattern: row) &* 0x85EB_CA77 ^ seed
    hash = (hash ^ hash >> 15) &* 0x2C1B_3C6D
    hash = (hash ^ hash >> 12) &* 0x297A_2D39
    hash ^= hash >> 15
    return Float(hash >> 8) / 8_388_608 - 1
  }

  private func smooth(_ t: Float) -> Float { t * t * (3 - 2 * t) }

  private func wrap(_ value: Int32, _ period: Int32) -> Int32 {
    let rest = value % period
    return rest < 0 ? rest + period : rest
  }
}

/// Linear interpolation from `a` (t = 0) to `b` (t = 1).
func mix(_ a: Float, _ b: Float, _ t: Float) -> Float { a + (b - a) * t }

/// Linear interpolation from `a` (t = 0) to `b` (t = 1).
func mix(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ t: Float) -> SIMD3<Float> { a + (b - a) * t }

/// 0 below `low`, 1 above `high`, smooth between.
func smoothstep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let t = min(max((value - low) / (high - low), 0), 1)
  return t * t * (3 - 2 * t)
}

/// How much of a pixel lies inside a shape, from the signed distance of its centre (negative inside).
func coverage(_ distance: Float, pixel: Float) -> Float { min(max(0.5 - distance / pixel, 0), 1) }

/// The length of a vector.
func length(_ vector: SIMD2<Float>) -> Float { (vector * vector).sum().squareRoot() }

extension SplitMix64 {
  /// A unit vector.
  mutating func direction() -> SIMD2<Float> {
    let angle = uniform(0, 2 * .pi)
    return [Foundation.cos(angle), Foundation.sin(angle)]
  }
}
