import Foundation

/// A normal law of colours: how usual a colour is among others.
struct ColorLaw {
  /// The mean colour.
  let mean: SIMD3<Float>
  // The inverse covariance, symmetric: its diagonal, and the products of red and green, red and blue, green and blue.
  private let diagonal: SIMD3<Float>
  private let products: SIMD3<Float>
  private let logDeterminant: Float

  /// The law of weighted colours.
  /// - Parameters:
  ///   - colors: of which those count whose weight is not 0.
  ///   - weights: one for each colour, not negative.
  ///   - leastVariance: what is added to the variance of each channel.
  init(of colors: [SIMD3<Float>], weights: [Float], leastVariance: Float) {
    var total = 1e-6
    var sum = SIMD3<Double>.zero
    for (color, weight) in zip(colors, weights) where weight > 0 {
      total += Double(weight)
      sum += SIMD3<Double>(color) * Double(weight)
    }
    let mean = SIMD3<Float>(sum / total)
    var (squares, mixed) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
    for (color, weight) in zip(colors, weights) where weight > 0 {
      let d = SIMD3<Double>(color - mean)
      squares += d * d * Double(weight)
      mixed += SIMD3(d.x * d.y, d.x * d.z, d.y * d.z) * Double(weight)
    }
    let s = squares / total + Double(leastVariance)
    let m = mixed / total
    // Cofactors of the covariance.
    let c = SIMD3(s.y * s.z - m.z * m.z, s.x * s.z - m.y * m.y, s.x * s.y - m.x * m.x)
    let o = SIMD3(m.y * m.z - m.x * s.z, m.x * m.z - m.y * s.y, m.x * m.y - m.z * s.x)
    let determinant = s.x * c.x + m.x * o.x + m.y * o.y
    self.mean = mean
    diagonal = SIMD3<Float>(c / determinant)
    products = SIMD3<Float>(o / determinant)
    logDeterminant = Float(log(determinant))
  }

  /// The logarithm of the density, but for a constant that all laws share.
  func logDensity(_ color: SIMD3<Float>) -> Float {
    let d = color - mean
    let distance =
      (d * d * diagonal).sum()
      + 2 * (d.x * d.y * products.x + d.x * d.z * products.y + d.y * d.z * products.z)
    return -0.5 * (distance + logDeterminant)
  }
}
