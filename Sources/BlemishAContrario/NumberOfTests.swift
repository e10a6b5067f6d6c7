import Foundation

/// The log10 of the number of regions that a grid of `pixels` pixels is tested for.
///
/// These are all polyominoes (connected shapes of 1 to n pixels) at every place: `n · Σ 0.316915 · 4.062570ʳ / r`,
/// by the asymptotic formula of Jensen and Guttmann (J. Phys. A 33, 2000).
func logNumberOfTests(pixels: Int) -> Double {
  guard pixels > 0 else { return -.infinity }
  let growth = 4.062570
  // Relative to the last term, the sum converges geometrically from the largest polyominoes down.
  var sum = 0.0
  var power = 1.0
  for smaller in 0..<pixels {
    let term = power * Double(pixels) / Double(pixels - smaller)
    sum += term
    power /= growth
    // n/(n - k) is at most k + 1, so that beyond 40 terms the rest is below double precision.
    if smaller >= 40 { break }
  }
  return log10(0.316915) + Double(pixels) * log10(growth) + log10(sum)
}

/// The log10 of the number of tests over several scales, given each one's number of pixels.
func logNumberOfTests(scales: [Int]) -> Double {
  let logarithms = scales.map { logNumberOfTests(pixels: $0) }
  guard let largest = logarithms.max(), largest > -.infinity else { return -.infinity }
  return largest + log10(logarithms.reduce(0) { $0 + pow(10, $1 - largest) })
}
