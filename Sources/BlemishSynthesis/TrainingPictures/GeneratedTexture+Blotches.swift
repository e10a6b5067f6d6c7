import Foundation

extension GeneratedTexture {
  /// A fine ground with stains and spots all over, so that a stain among stains is seen to be none.
  static func blotches(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let ground = random.pick([TextureKind.noise, .streaks, .waves])
    var sum = make(ground, width: width, height: height, &random)
    for _ in 0..<1 + random.below(2) {
      var stains = SmoothField.make(
        width: width, height: height, cell: random.logUniform(5, 40), stretch: random.logUniform(1, 4),
        angle: random.chance(0.5) ? 0 : random.uniform(0, .pi), &random)
      let rim = random.uniform(0.1, 1.2)
      let threshold = random.uniform(-0.5, 1.3)
      let strength = random.logUniform(0.5, 3) * (random.chance(0.5) ? 1 : -1)
      stains.map { strength * saturate(($0 - threshold) / rim + 0.5) }
      sum.combine(stains) { $0 + $1 }
    }
    if random.chance(0.5) { addSpots(to: &sum, &random) }
    return sum
  }

  private static func addSpots(to sum: inout Plane, _ random: inout SynthesisRandom) {
    let pixels = Float(sum.width * sum.height)
    let count = Int(pixels / 16_384 * random.logUniform(8, 120))
    let largest = random.logUniform(1, 4)
    let strength = random.logUniform(0.7, 4) * (random.chance(0.7) ? -1 : 1)
    for _ in 0..<count {
      let radius = random.uniform(0.6, largest)
      let spot = Coverage.disc(
        radius: radius, x: random.uniform(0, Float(sum.width)), y: random.uniform(0, Float(sum.height)),
        width: sum.width, height: sum.height)
      let height = strength * random.uniform(0.4, 1)
      spot.forEach(width: sum.width) { place, coverage in sum.values[place] += height * coverage }
    }
  }
}
