/// Colours for numbers from 0 to 1.
public struct ColorMap: Sendable {
  /// Red, green and blue, each 0 to 255, for 256 steps from 0 to 1.
  let table: [SIMD3<Float>]

  /// Interpolates between colours at even distances, each written as 0xRRGGBB.
  public init(_ colors: [UInt32]) {
    precondition(colors.count > 1, "a colour map needs two colours")
    let anchors = colors.map { SIMD3(Float($0 >> 16 & 255), Float($0 >> 8 & 255), Float($0 & 255)) }
    table = (0..<256).map { step in
      let position = Float(step) / 255 * Float(anchors.count - 1)
      let first = min(Int(position), anchors.count - 2)
      let fraction = position - Float(first)
      return anchors[first] * (1 - fraction) + anchors[first + 1] * fraction
    }
  }

  /// Black over purple and orange to pale yellow, with a lightness that rises evenly, also in print and for the
  /// colour-blind. By N. J. Smith and S. van der Walt for matplotlib, public domain (CC0).
  public static let inferno = ColorMap([
    0x000004, 0x040312, 0x0B0724, 0x150B37, 0x210C4A, 0x2F0A5B, 0x3D0965, 0x4A0C6B,
    0x57106E, 0x64156E, 0x71196E, 0x7D1E6D, 0x8A226A, 0x972766, 0xA32C61, 0xB0315B,
    0xBC3754, 0xC63D4D, 0xD04545, 0xDA4E3C, 0xE35933, 0xEB6429, 0xF1711F, 0xF67E14,
    0xF98C0A, 0xFB9B06, 0xFCAA0F, 0xFBBA1F, 0xF9C932, 0xF5D949, 0xF2E865, 0xF3F586,
    0xFCFFA4,
  ])

  /// The colour of a number; what lies outside 0 to 1, or is not a number, gets the nearest end or the lower one.
  func color(_ value: Float) -> SIMD3<Float> {
    table[value > 0 ? Int(min(value, 1) * 255 + 0.5) : 0]
  }
}
