import Foundation

/// One defect on its way into a picture.
struct PlantedAlteration {
  private(set) var picture: FloatPicture
  private let amplitude: Float
  private let scale: Float
  private var random: SynthesisRandom

  /// - Parameters:
  ///   - amplitude: the change of brightness, of 1 from black to white.
  ///   - scale: the side in pixels of the picture that the defect would have its usual size in.
  init(picture: FloatPicture, amplitude: Float, scale: Float, random: SynthesisRandom) {
    self.picture = picture
    self.amplitude = amplitude
    self.scale = scale
    self.random = random
  }

  private var width: Int { picture.width }
  private var height: Int { picture.height }

  /// Alters the picture.
  /// - Returns: where, and how much of every pixel.
  mutating func apply(_ kind: SyntheticDefectKind, donor: () -> FloatPicture) -> Coverage {
    switch kind {
    case .line:
      let line = Coverage.line(scale: scale, width: width, height: height, &random)
      tint(line, by: amplitude)
      return line
    case .blob:
      let blob = blob(1.5, scale / 3.5)
      tint(blob, by: amplitude, texture: random.chance(0.4) ? (1.2, 10, random.uniform(0.02, 0.15)) : nil)
      return blob
    case .foreignPiece, .ownPiece:
      let piece = blob(4, scale / 3)
      replace(piece, from: kind == .ownPiece ? picture : donor(), turn: Turn(random.below(8)))
      return piece
    case .blur: return blurPatch()
    case .warp: return warpPatch()
    case .stain: return stain()
    case .noise:
      let blob = blob(3, scale / 4)
      tint(blob, by: 0, texture: (1, 6, random.logUniform(0.05, 0.3)))
      return blob
    case .dots: return dots()
    case .tone:
      let patch = blob(3, scale / 2.5)
      changeTone(of: patch)
      return patch
    case .area: return area(donor: donor)
    }
  }

  private mutating func blob(_ smallest: Float, _ largest: Float) -> Coverage {
    Coverage.blob(
      radius: random.logUniform(smallest, max(largest, smallest * 1.5)), x: random.uniform(0, Float(width)),
      y: random.uniform(0, Float(height)), width: width, height: height, &random)
  }

  /// Adds brightness, with a colour of its own in some coloured pictures, and a texture.
  /// - Parameter texture: the smallest and the largest size of its features, and its strength.
  private mutating func tint(
    _ coverage: Coverage, by amplitude: Float, texture: (low: Float, high: Float, strength: Float)? = nil
  ) {
    guard coverage.width > 0, coverage.height > 0 else { return }
    var change = Plane(width: coverage.width, height: coverage.height, repeating: amplitude)
    if let texture {
      let field = SmoothField.make(
        width: coverage.width, height: coverage.height, cell: random.logUniform(texture.low, texture.high),
        &random)
      change.combine(field) { $0 + texture.strength * $1 }
    }
    let coloured = picture.channels == 3 && random.chance(0.4)
    let source = picture
    for channel in 0..<picture.channels {
      let factor = coloured ? random.uniform(-0.6, 1.6) : 1
      let first = channel * source.pixelCount
      var inner = 0
      for y in coverage.y0..<coverage.y0 + coverage.height {
        for place in first + y * width + coverage.x0..<first + y * width + coverage.x0 + coverage.width {
          let added = factor * coverage.values[inner] * change.values[inner]
          picture.values[place] = saturate(source.values[place] + added)
          inner += 1
        }
      }
    }
  }

  private mutating func replace(_ coverage: Coverage, from source: FloatPicture, turn: Turn) {
    let (shiftX, shiftY) = (random.below(source.width), random.below(source.height))
    let lift: Float = random.chance(0.3) ? random.uniform(-0.15, 0.15) : 0
    let channels = picture.channels
    coverage.forEach(width: width) { place, covered in
      let (x, y) = turn(place % width + shiftX, place / width + shiftY)
      let from = mirrored(y, source.height) * source.width + mirrored(x, source.width)
      for channel in 0..<channels {
        let piece = source.values[min(channel, source.channels - 1) * source.pixelCount + from]
        let index = channel * picture.pixelCount + place
        let old = picture.values[index]
        picture.values[index] = saturate(old + covered * (piece + lift - old))
      }
    }
  }

  private mutating func area(donor: () -> FloatPicture) -> Coverage {
    let area = Coverage.area(width: width, height: height, &random)
    switch random.below(4) {
    case 0: tint(area, by: amplitude * 0.6)
    case 1: changeTone(of: area)
    case 2: replace(area, from: donor(), turn: Turn(random.chance(0.5) ? 0 : random.below(8)))
    default: tint(area, by: amplitude * 0.3, texture: (1.2, 10, random.logUniform(0.03, 0.15)))
    }
    return area
  }

  private mutating func blurPatch() -> Coverage {
    let coverage = blob(5, scale / 3)
    guard coverage.width > 0, coverage.height > 0 else { return coverage }
    let deviation = random.uniform(1, 4)
    let blurred = (0..<picture.channels).map { Plane(picture, channel: $0).blurred(deviation).values }
    blend(coverage) { channel, place in blurred[channel][place] }
    return coverage
  }

  private mutating func warpPatch() -> Coverage {
    let coverage = blob(5, scale / 3)
    guard coverage.width > 0, coverage.height > 0 else { return coverage }
    func displacement() -> Plane {
      var field = SmoothField.make(
        width: coverage.width, height: coverage.height, cell: random.logUniform(4, 16), &random)
      let amount = random.uniform(2, 6)
      field.map { $0 * amount }
      return field
    }
    let (alongX, alongY) = (displacement(), displacement())
    let (source, width, height) = (picture, width, height)
    blend(coverage) { channel, place in
      let (x, y) = (place % width, place / width)
      let inner = (y - coverage.y0) * coverage.width + x - coverage.x0
      let (u, v) = (Float(x) + alongX.values[inner], Float(y) + alongY.values[inner])
      let (left, top) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
      let (s, t) = (u - Float(left), v - Float(top))
      func value(_ x: Int, _ y: Int) -> Float {
        source.values[channel * source.pixelCount + mirrored(y, height) * width + mirrored(x, width)]
      }
      let upper = value(left, top) * (1 - s) + value(left + 1, top) * s
      let lower = value(left, top + 1) * (1 - s) + value(left + 1, top + 1) * s
      return upper + (lower - upper) * t
    }
    return coverage
  }

  private mutating func stain() -> Coverage {
    let radius = random.logUniform(scale / 8, scale / 2)
    var coverage = Coverage.blob(
      radius: radius, x: random.uniform(0, Float(width)), y: random.uniform(0, Float(height)), width: width,
      height: height, &random)
    guard coverage.width > 0, coverage.height > 0 else { return coverage }
    var soft = Plane(width: coverage.width, height: coverage.height)
    soft.values = coverage.values
    coverage.values = soft.blurred(radius * 0.15).values
    tint(coverage, by: amplitude * 0.6)
    return coverage
  }

  private mutating func dots() -> Coverage {
    let (x, y) = (random.uniform(0, Float(width)), random.uniform(0, Float(height)))
    let spread = random.logUniform(3, 20)
    var dots: Coverage?
    for _ in 0..<1 + random.below(6) {
      let dot = Coverage.blob(
        radius: random.logUniform(1, 4), x: x + spread * random.normal(), y: y + spread * random.normal(),
        width: width, height: height, &random)
      if dots == nil { dots = dot } else { dots!.join(dot, width: width, height: height) }
    }
    tint(dots!, by: amplitude)
    return dots!
  }

  private mutating func changeTone(of coverage: Coverage) {
    let factor = random.chance(0.6) ? random.logUniform(0.3, 0.85) : random.logUniform(1.2, 2)
    // Around black it is a shadow or a shine, around the mean another contrast.
    let keepsMean = random.chance(0.5)
    let centres = (0..<picture.channels).map { channel -> Float in
      guard keepsMean else { return 0 }
      let pixels = picture.pixelCount
      return picture.values[channel * pixels..<(channel + 1) * pixels].reduce(0, +) / Float(pixels)
    }
    let source = picture
    blend(coverage) { channel, place in
      (source.values[channel * source.pixelCount + place] - centres[channel]) * factor + centres[channel]
    }
  }

  /// Replaces what is covered by other values.
  private mutating func blend(_ coverage: Coverage, _ value: (_ channel: Int, _ place: Int) -> Float) {
    for channel in 0..<picture.channels {
      let first = channel * picture.pixelCount
      coverage.forEach(width: width) { place, covered in
        let old = picture.values[first + place]
        picture.values[first + place] = saturate(old + covered * (value(channel, place) - old))
      }
    }
  }
}

/// One of the eight ways to lay a square on itself.
private struct Turn {
  private let index: Int

  init(_ index: Int) { self.index = index }

  func callAsFunction(_ x: Int, _ y: Int) -> (Int, Int) {
    let (a, b) = index & 4 == 0 ? (x, y) : (y, x)
    return (index & 1 == 0 ? a : -1 - a, index & 2 == 0 ? b : -1 - b)
  }
}
