import BlemishImaging

/// What a mask picture marks.
///
/// Usually a mask is white on black with soft edges, and half of white is the limit. Others number the kinds of
/// defects by grey values (0, 1, 2) or give each a colour: there, whatever is not background marks.
struct MaskMarking {
  /// The pixels that are marked.
  let mask: Mask
  /// The values that were seen, if half of white would have marked others; empty for a usual mask.
  let values: [String]

  /// - Parameter isJPEG: whether the file's compression may have changed values a little, so that dark ones mean
  ///   nothing.
  init(_ picture: Picture, isJPEG: Bool) {
    let usual = Mask(picture)
    let pixels = MaskPixels(picture)
    guard let marked = pixels.marked(isJPEG: isJPEG), marked != usual.pixels else {
      (mask, values) = (usual, [])
      return
    }
    mask = Mask(width: picture.width, height: picture.height, pixels: marked)
    values = pixels.names
  }
}

/// A mask picture's pixels as values of one number each.
private struct MaskPixels {
  /// More values than that come from soft edges or compression, not from kinds of defects.
  private static let mostKinds = 16

  private let width: Int
  private let height: Int
  private let isColoured: Bool
  /// The value of white in each channel.
  private let white: UInt64
  /// Red, green and blue with 16 bits each, or grey; row-major.
  private let values: [UInt64]
  /// How often each value occurs; `nil` if there are more than `mostKinds`.
  private let counts: [UInt64: Int]?

  init(_ picture: Picture) {
    (width, height) = (picture.width, picture.height)
    let (channels, count) = (picture.channels, picture.width * picture.height)
    func packed<Value: FixedWidthInteger & UnsignedInteger>(_ samples: [Value]) -> (Bool, [UInt64]) {
      guard channels == 3 else { return (false, samples.map { UInt64($0) }) }
      // Compression and colour profiles change grey by a little.
      let tolerance = Value.max / 16
      var isColoured = false
      let values = (0..<count).map { pixel -> UInt64 in
        let (red, green, blue) = (samples[3 * pixel], samples[3 * pixel + 1], samples[3 * pixel + 2])
        if max(red, green, blue) - min(red, green, blue) > tolerance { isColoured = true }
        return UInt64(red) << 32 | UInt64(green) << 16 | UInt64(blue)
      }
      return isColoured
        ? (true, values) : (false, values.map { max($0 >> 32, $0 >> 16 & 0xFFFF, $0 & 0xFFFF) })
    }
    switch picture.samples {
    case .eightBit(let samples): (white, (isColoured, values)) = (255, packed(samples))
    case .sixteenBit(let samples): (white, (isColoured, values)) = (65_535, packed(samples))
    }
    var counts: [UInt64: Int] = [:]
    var start = 0
    while start < count, counts.count <= Self.mostKinds {
      let end = values[start...].firstIndex { [first = values[start]] in $0 != first } ?? count
      counts[values[start], default: 0] += end - start
      start = end
    }
    self.counts = counts.count <= Self.mostKinds ? counts : nil
  }

  /// The values that occur, for a person to read.
  var names: [String] {
    guard let counts else { return ["more than \(Self.mostKinds) values"] }
    return counts.keys.sorted().map {
      isColoured ? "(\($0 >> 32), \($0 >> 16 & 0xFFFF), \($0 & 0xFFFF))" : "\($0)"
    }
  }

  /// What is marked; `nil` where the usual limit holds.
  func marked(isJPEG: Bool) -> [Bool]? {
    if isColoured {
      guard let counts, !isJPEG else { return values.map { brightness($0) > white / 4 } }
      let background = background(counts)
      return values.map { $0 != background }
    }
    guard !isJPEG else { return nil }
    let brightest = values.max() ?? 0
    if let counts {
      let numbersKinds = brightest <= white / 2 || counts.keys.contains { isFlat($0) && $0 <= white / 2 }
      return numbersKinds ? values.map { $0 > 0 } : nil
    }
    // A dark mask with soft edges. What is darker still is noise.
    guard brightest <= white / 2, brightest > white / 10 else { return nil }
    return values.map { $0 > brightest / 2 }
  }

  private func brightness(_ value: UInt64) -> UInt64 {
    max(value >> 32, value >> 16 & 0xFFFF, value & 0xFFFF)
  }

  /// Black where there is any, otherwise the colour that is seen most. A mask of one colour is all marked.
  private func background(_ counts: [UInt64: Int]) -> UInt64? {
    if counts[0] != nil { return 0 }
    guard counts.count > 1 else { return nil }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// Whether a grey value other than 0 fills 3 x 3 pixels somewhere: soft edges have no such places.
  private func isFlat(_ value: UInt64) -> Bool {
    guard value > 0, width >= 3, height >= 3 else { return false }
    var runs = [Int](repeating: 0, count: width)
    for y in 0..<height {
      var row = 0
      for x in 0..<width {
        runs[x] = values[y * width + x] == value ? runs[x] + 1 : 0
        row = runs[x] >= 3 ? row + 1 : 0
        if row >= 3 { return true }
      }
    }
    return false
  }
}
