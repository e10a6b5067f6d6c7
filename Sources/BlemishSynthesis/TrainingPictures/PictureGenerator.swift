import Foundation

/// Endless pictures of surfaces and objects that do not exist, each a function of the seed and its index.
///
/// They have nothing in common with the parts of the program's demonstration: a backbone that learns from them has
/// seen none of what it is shown there.
public struct PictureGenerator: Sendable {
  /// How often pictures have what.
  public let recipe: PictureRecipe
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The seed of all pictures.
  public let seed: UInt64
  private let shares: [(element: TextureKind, share: Double)]

  /// A generator of pictures of one size.
  public init(recipe: PictureRecipe = .standard, width: Int, height: Int, seed: UInt64) {
    precondition(width >= 8 && height >= 8, "a picture of a surface has at least 8 pixels a side")
    self.recipe = recipe
    self.width = width
    self.height = height
    self.seed = seed
    // In the order of the cases: a dictionary's own order differs from run to run.
    shares = TextureKind.allCases.map { ($0, recipe.textures[$0] ?? 0) }
  }

  /// The picture of an index.
  public func picture(_ index: Int) -> FloatPicture {
    var random = SynthesisRandom(seed: seed, index)
    var scene = Scene(self, &random)
    scene.light(recipe, &random)
    return scene.photograph(recipe, &random)
  }

  /// A surface with detail on it: one to three textures of falling strength, put through a curve.
  func surface(_ random: inout SynthesisRandom) -> Plane {
    var sum = GeneratedTexture.make(random.pick(shares), width: width, height: height, &random)
    if random.chance(0.6) { sum.applyToneCurve(&random) }
    for _ in 0..<random.pick([0, 0, 1, 1, 2]) {
      let layer = GeneratedTexture.make(random.pick(shares), width: width, height: height, &random)
      let strength = random.logUniform(0.1, 0.8)
      if random.chance(0.25) {
        // Detail that is stronger here than there.
        sum.combine(layer) { $0 * (1 + strength * max(min($1, 2), -1)) }
      } else {
        sum.combine(layer) { $0 + strength * $1 }
      }
    }
    sum.standardize()
    return sum
  }
}

/// What lies before the camera: brightness, and for coloured pictures red, green and blue.
private struct Scene {
  /// One plane or three.
  var planes: [Plane]

  init(_ generator: PictureGenerator, _ random: inout SynthesisRandom) {
    let grey = random.chance(Float(generator.recipe.grey))
    planes = Self.painted(generator, grey: grey, &random)
    guard random.chance(Float(generator.recipe.contours)) else { return }
    let coverage = Contour.coverage(width: generator.width, height: generator.height, &random)
    let object =
      random.chance(0.45)
      ? Self.flat(generator, grey: grey, &random) : Self.painted(generator, grey: grey, &random)
    for index in planes.indices { planes[index].blend(object[index], coverage: coverage) }
  }

  /// A surface of a drawn brightness, contrast and colour.
  private static func painted(
    _ generator: PictureGenerator, grey: Bool, _ random: inout SynthesisRandom
  ) -> [Plane] {
    let detail = generator.surface(&random)
    let contrast = generator.recipe.contrast.draw(&random)
    let palette = Palette(grey: grey, &random)
    let second = !grey && random.chance(0.4) ? generator.surface(&random) : nil
    return palette.base.indices.map { channel in
      var plane = detail
      let (base, strength) = (palette.base[channel], contrast * palette.direction[channel])
      plane.map { base + strength * $0 }
      if let second {
        let strength = contrast * palette.second[channel]
        plane.combine(second) { $0 + strength * $1 }
      }
      return plane
    }
  }

  private static func flat(
    _ generator: PictureGenerator, grey: Bool, _ random: inout SynthesisRandom
  ) -> [Plane] {
    Palette(grey: grey, &random).base.map {
      Plane(width: generator.width, height: generator.height, repeating: $0)
    }
  }

  /// Lets light fall off to a side and to the corners.
  mutating func light(_ recipe: PictureRecipe, _ random: inout SynthesisRandom) {
    guard random.chance(Float(recipe.lightGradients)) else { return }
    let (width, height) = (planes[0].width, planes[0].height)
    let angle = random.uniform(0, 2 * .pi)
    let fall = random.logUniform(0.02, 0.6)
    let (fallX, fallY) = (fall * cos(angle) / Float(width), fall * sin(angle) / Float(height))
    let corners = random.chance(0.5) ? random.uniform(0, 0.6) : 0
    let (middleX, middleY) = (Float(width) / 2, Float(height) / 2)
    var field = Plane(width: width, height: height) { y, row in
      let v = Float(y) - middleY
      for x in 0..<width {
        let u = Float(x) - middleX
        let away = (u * u / (middleX * middleX) + v * v / (middleY * middleY)) / 2
        row[x] = (1 + fallX * u + fallY * v) * (1 - corners * away)
      }
    }
    if random.chance(0.3) {
      let slow = SmoothField.make(
        width: width, height: height, cell: Float(min(width, height)) * random.uniform(0.25, 1), &random)
      let strength = random.logUniform(0.01, 0.2)
      field.combine(slow) { $0 * (1 + strength * $1) }
    }
    for index in planes.indices { planes[index].combine(field) { $0 * $1 } }
  }

  /// The picture that a camera takes: optics, noise and a limited range.
  func photograph(_ recipe: PictureRecipe, _ random: inout SynthesisRandom) -> FloatPicture {
    let blur = random.chance(Float(recipe.blurred)) ? random.uniform(0.3, 1.4) : 0
    let noise = recipe.sensorNoise.draw(&random)
    // Photons: brighter places are noisier.
    let photons = random.chance(0.5) ? noise : 0
    return FloatPicture(
      planes.map { plane in
        var seen = plane.blurred(blur)
        seen.map { value in
          let value = saturate(value)
          return saturate(value + (noise + photons * value) * random.normal())
        }
        return seen
      })
  }
}

/// The colours of a surface: a base, the direction in which its detail varies, and another one.
private struct Palette {
  let base: [Float]
  let direction: [Float]
  let second: [Float]

  init(grey: Bool, _ random: inout SynthesisRandom) {
    let brightness = random.uniform(0.12, 0.88)
    guard !grey else {
      base = [brightness]
      direction = [1]
      second = [0]
      return
    }
    let saturation = random.logUniform(0.02, 0.35)
    base = (0..<3).map { _ in min(max(brightness + saturation * random.normal(), 0.02), 0.98) }
    // Most surfaces vary in brightness more than in hue.
    let hue = random.chance(0.3) ? random.uniform(0.3, 1.2) : random.uniform(0, 0.3)
    direction = (0..<3).map { _ in 1 + hue * random.normal() }
    second = (0..<3).map { _ in 0.7 * random.normal() }
  }
}
