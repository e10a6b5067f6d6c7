import Foundation

extension Plane {
  /// Puts a standardised field through a curve that is drawn: without one, noise would be Gaussian throughout,
  /// and no surface is.
  mutating func applyToneCurve(_ random: inout SynthesisRandom) {
    let strength = random.logUniform(0.3, 3)
    switch random.below(7) {
    case 0: map { abs($0 + strength - 1.5) }
    case 1: map { $0 < 0 ? -pow(-$0, 1 + 0.4 * strength) : pow($0, 1 + 0.4 * strength) }
    case 2: map { $0 / (1 + strength * abs($0)) }
    case 3:
      let threshold = random.uniform(-1, 1)
      map { max($0 - threshold, 0) + 0.2 * $0 }
    case 4: map { sin(strength * $0) }
    case 5: map { exp(0.5 * strength * max(min($0, 3), -3)) }
    default: return
    }
    standardize()
  }
}
