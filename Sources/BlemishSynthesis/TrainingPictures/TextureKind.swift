/// The kinds of surfaces that are generated.
public enum TextureKind: String, Sendable, Codable, CaseIterable {
  /// A sum of waves from a random band of frequencies and directions: band-limited noise.
  case waves
  /// Smooth noise of several sizes, often stretched along a direction.
  case noise
  /// Stripes and gratings, and two of them woven.
  case weave
  /// Grains and cells around random points.
  case cells
  /// Long streaks along one axis, as brushed, drawn and ground metal has.
  case streaks
  /// Stains and spots that belong to the surface.
  case blotches
  /// Nearly nothing but shading.
  case plain
}

/// One surface, standardised: mean 0 and standard deviation 1 over the picture.
enum GeneratedTexture {
  static func make(_ kind: TextureKind, width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    var texture =
      switch kind {
      case .waves: waves(width: width, height: height, &random)
      case .noise: noise(width: width, height: height, &random)
      case .weave: weave(width: width, height: height, &random)
      case .cells: cells(width: width, height: height, &random)
      case .streaks: streaks(width: width, height: height, &random)
      case .blotches: blotches(width: width, height: height, &random)
      case .plain: plain(width: width, height: height, &random)
      }
    texture.standardize()
    return texture
  }

  /// Shading alone: a slow field.
  private static func plain(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    SmoothField.make(
      width: width, height: height, cell: Float(max(width, height)) * random.uniform(0.3, 1), &random)
  }

  /// Octaves of smooth noise, each of half the size and a random share of the strength of the one before.
  private static func noise(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    let angle = random.chance(0.5) ? 0 : random.uniform(0, .pi)
    let stretch = random.chance(0.4) ? 1 : random.logUniform(1, angle == 0 ? 30 : 12)
    var cell = random.logUniform(2, 32)
    var strength: Float = 1
    let fall = random.uniform(0.3, 1.1)
    var sum = Plane(width: width, height: height)
    for _ in 0..<1 + random.below(4) {
      let octave = SmoothField.make(
        width: width, height: height, cell: max(cell, 1.2), stretch: stretch, angle: angle, &random)
      sum.combine(octave) { $0 + strength * $1 }
      strength *= fall
      cell *= 0.5
    }
    return sum
  }
}
