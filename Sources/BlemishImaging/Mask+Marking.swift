/// Which values were seen in a picture that was read as a mask, and what they were taken for.
public struct MaskValues: Sendable, Equatable, CustomStringConvertible {
  /// A value with its channels, and the number of its pixels.
  public struct Value: Sendable, Equatable {
    /// One number for grey, three for RGB.
    public let channels: [Int]
    /// How many pixels have it.
    public let count: Int
    /// Whether it marks something.
    public let isMarked: Bool
  }

  /// The values, the most frequent first; the first sixteen, if there are more.
  public let values: [Value]
  /// How many different values there are.
  public let count: Int

  /// The values, for a person to read.
  public var description: String {
    let listed = values.map { value in
      let text = value.channels.map(String.init).joined(separator: ",")
      return "\(text) (\(value.isMarked ? "marked" : "background"), \(value.count) pixels)"
    }
    return listed.joined(separator: "; ") + (count > values.count ? "; and \(count - values.count) more" : "")
  }
}

extension Mask {
  /// The pixels of a picture that are not background, in masks of every common kind: black and white, of class
  /// numbers such as 0 and 1, of palette colours, of a colour for each class.
  ///
  /// Background is black, or the darkest value where nothing is black. In a mask with white or another bright value,
  /// what is darker than half of white is the soft edge of a marked region, unless it covers an area of its own.
  public init(marking picture: Picture) { self = Self.marking(picture).mask }

  /// The pixels of a picture that are not background, as ``init(marking:)`` finds them, with the values that were seen;
  /// nil where these were black and white and nothing else.
  public static func marking(_ picture: Picture) -> (mask: Mask, values: MaskValues?) {
    switch picture.samples {
    case .eightBit(let values): marking(values, of: picture)
    case .sixteenBit(let values): marking(values, of: picture)
    }
  }

  private static func marking<Sample: FixedWidthInteger & UnsignedInteger>(
    _ values: [Sample], of picture: Picture
  ) -> (mask: Mask, values: MaskValues?) {
    let (width, height, channels) = (picture.width, picture.height, picture.channels)
    let white = Int(Sample.max)
    // Each different value gets a number, so that neighbours are compared quickly.
    var numbers: [UInt64: Int32] = [:]
    var levels: [Int] = []
    var counts: [Int] = []
    var colors: [UInt64] = []
    var last: (color: UInt64, number: Int32)?
    let indices = (0..<width * height).map { pixel -> Int32 in
      var color: UInt64 = 0
      for channel in 0..<channels { color = color << 16 | UInt64(values[pixel * channels + channel]) }
      let number: Int32
      if let last, last.color == color {
        number = last.number
      } else if let known = numbers[color] {
        number = known
      } else {
        number = Int32(levels.count)
        numbers[color] = number
        colors.append(color)
        levels.append((0..<channels).map { Int(values[pixel * channels + $0]) }.max()!)
        counts.append(0)
      }
      last = (color, number)
      counts[Int(number)] += 1
      return number
    }
    // Alone, a value is background only if it is black.
    let darkest = levels.indices.min { levels[$0] < levels[$1] }!
    let hasBackground = levels[darkest] == 0 || (levels.count > 1 && levels[darkest] <= white / 4)
    let isBright = levels.map { 2 * $0 > white }
    var isMarked = isBright
    if !isBright.contains(true) {
      isMarked = levels.map { _ in true }
    } else if levels.count > 2 {
      // Faint traces that compression leaves around an edge are no class where there are many values.
      let least = levels.count <= 16 ? 1 : white / 16
      for number in plateaus(indices, width: width, height: height) where levels[number] >= least {
        isMarked[number] = true
      }
    }
    if hasBackground { isMarked[darkest] = false }
    let mask = Mask(width: width, height: height, pixels: indices.map { isMarked[Int($0)] })
    guard levels.contains(where: { $0 != 0 && $0 != white }) else { return (mask, nil) }
    let seen = levels.indices.sorted { (counts[$0], colors[$1]) > (counts[$1], colors[$0]) }.prefix(16).map {
      number in
      MaskValues.Value(
        channels: (0..<channels).reversed().map { Int(colors[number] >> UInt64(16 * $0) & 0xFFFF) },
        count: counts[number], isMarked: isMarked[number])
    }
    return (mask, MaskValues(values: seen, count: levels.count))
  }

  /// The values that fill a square of 3 x 3 pixels somewhere, as the soft edge of a region does not.
  private static func plateaus(_ indices: [Int32], width: Int, height: Int) -> Set<Int> {
    var found: Set<Int> = []
    guard width > 2, height > 2 else { return found }
    for y in 0..<height - 2 {
      var run = 0
      for x in 0..<width {
        let start = y * width + x
        let value = indices[start]
        let isColumn = indices[start + width] == value && indices[start + 2 * width] == value
        let continues = x > 0 && indices[start - 1] == value
        run = isColumn ? (continues ? run + 1 : 1) : 0
        if run >= 3 { found.insert(Int(value)) }
      }
    }
    return found
  }
}
