extension ScoreMap {
  /// The map in colours.
  ///
  /// - Parameter range: the values that get the first and the last colour. What lies outside gets the nearer.
  public func heatMap(range: ClosedRange<Float>, colors: ColorMap = .inferno) -> Picture {
    var samples: [UInt8] = []
    samples.reserveCapacity(3 * values.count)
    for value in values {
      let color = colors.color(range.position(of: value))
      for channel in 0..<3 { samples.append(UInt8(color[channel] + 0.5)) }
    }
    return Picture(width: width, height: height, channels: 3, samples: .eightBit(samples))
  }
}

extension Picture {
  /// The picture, 8-bit RGB, with a map laid over it: not at all at the lower end of the range, and with the given
  /// opacity from 0 to 1 at the upper end. A map of another size is resized first.
  public func overlaid(
    with map: ScoreMap,
    range: ClosedRange<Float>,
    colors: ColorMap = .inferno,
    opacity: Float = 0.7
  ) -> Picture {
    let map = map.resized(width: width, height: height)
    guard case .eightBit(var values) = eightBitRGB.samples else { return self }
    for (pixel, value) in map.values.enumerated() {
      let heat = range.position(of: value)
      guard heat > 0 else { continue }
      let color = colors.color(heat)
      let share = heat * min(max(opacity, 0), 1)
      for channel in 0..<3 {
        let mixed = Float(values[3 * pixel + channel]) * (1 - share) + color[channel] * share
        values[3 * pixel + channel] = UInt8(mixed + 0.5)
      }
    }
    return Picture(width: width, height: height, channels: 3, samples: .eightBit(values))
  }

  /// The picture, 8-bit RGB, with a line around the regions of a mask. The line lies outside them and hides
  /// nothing of them; it is one pixel wide, or two per 1024 pixels of the shorter side. A mask of another size is
  /// resized first.
  ///
  /// - Parameter color: 0xRRGGBB.
  public func outlined(_ mask: Mask, color: UInt32 = 0x00FFFF) -> Picture {
    let mask = mask.resized(width: width, height: height, filter: .nearest)
    guard case .eightBit(var values) = eightBitRGB.samples else { return self }
    let lineWidth = max(1, min(width, height) / 512)
    let rgb = [UInt8(color >> 16 & 255), UInt8(color >> 8 & 255), UInt8(color & 255)]
    for (pixel, isNear) in mask.grown(by: lineWidth).enumerated() where isNear && !mask.pixels[pixel] {
      for channel in 0..<3 { values[3 * pixel + channel] = rgb[channel] }
    }
    return Picture(width: width, height: height, channels: 3, samples: .eightBit(values))
  }
}

extension Mask {
  /// The pixels within `distance` rows and columns of the mask, and the mask itself.
  func grown(by distance: Int) -> [Bool] {
    var grown = pixels
    for y in 0..<height {
      for x in 0..<width where pixels[y * width + x] && isAtEdge(x: x, y: y) {
        for row in max(0, y - distance)...min(height - 1, y + distance) {
          for column in max(0, x - distance)...min(width - 1, x + distance) {
            grown[row * width + column] = true
          }
        }
      }
    }
    return grown
  }

  /// Whether one of the four neighbours of a pixel is outside the mask.
  private func isAtEdge(x: Int, y: Int) -> Bool {
    let index = y * width + x
    return x > 0 && !pixels[index - 1] || x + 1 < width && !pixels[index + 1]
      || y > 0 && !pixels[index - width] || y + 1 < height && !pixels[index + width]
  }
}

extension ClosedRange<Float> {
  /// Where a value lies in the range: 0 at or below its lower end and for NaN, 1 at or above its upper end.
  fileprivate func position(of value: Float) -> Float {
    guard value > lowerBound else { return 0 }
    return value >= upperBound ? 1 : (value - lowerBound) / (upperBound - lowerBound)
  }
}
