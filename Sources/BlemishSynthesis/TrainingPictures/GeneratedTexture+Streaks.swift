import Foundation

extension GeneratedTexture {
  /// Streaks along one axis: noise that a recursive filter correlates along it, fine ones over broad ones.
  static func streaks(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let upright = random.chance(0.5)
    let (along, across) = upright ? (height, width) : (width, height)
    var sum = Plane(width: along, height: across)
    var strength: Float = 1
    for _ in 0..<1 + random.below(3) {
      var layer = correlatedRows(width: along, height: across, length: random.logUniform(4, 300), &random)
      // Neighbouring lines share a part, so that streaks have widths.
      if random.chance(0.7) { layer = layer.transposed.blurredRows(random.logUniform(0.4, 4)).transposed }
      layer.standardize()
      sum.combine(layer) { $0 + strength * $1 }
      strength *= random.uniform(0.4, 1.2)
    }
    return upright ? sum.transposed : sum
  }

  /// Rows of numbers, each a mixture of the one before and a new one; `length` pixels are alike.
  private static func correlatedRows(
    width: Int, height: Int, length: Float, _ random: inout SynthesisRandom
  ) -> Plane {
    let keep = exp(-1 / length)
    let fresh = (1 - keep * keep).squareRoot()
    return Plane(width: width, height: height) { _, row in
      var value = random.normal()
      for x in 0..<width {
        row[x] = value
        value = keep * value + fresh * random.normal()
      }
    }
  }
}
