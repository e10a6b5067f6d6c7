/// An 8-bit RGB picture that can be drawn on.
public struct Canvas: Sendable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  private var samples: [UInt8]

  /// A picture at the upper left corner of a canvas as wide, with further rows of one colour below it.
  /// - Parameter color: 0xRRGGBB, of the further rows.
  public init(_ picture: Picture, rowsBelow: Int = 0, color: UInt32 = 0) {
    width = picture.width
    height = picture.height + max(rowsBelow, 0)
    if case .eightBit(let values) = picture.eightBitRGB.samples { samples = values } else { samples = [] }
    samples.reserveCapacity(3 * width * height)
    let rgb = Self.channels(color)
    for _ in 0..<max(rowsBelow, 0) * width { samples += rgb }
  }

  /// What is drawn, as a picture.
  public var picture: Picture {
    Picture(width: width, height: height, channels: 3, samples: .eightBit(samples))
  }

  private static func channels(_ color: UInt32) -> [UInt8] {
    [UInt8(color >> 16 & 255), UInt8(color >> 8 & 255), UInt8(color & 255)]
  }

  /// Fills a rectangle; what lies outside the canvas is left out.
  /// - Parameter color: 0xRRGGBB.
  public mutating func fill(x: Int, y: Int, width: Int, height: Int, color: UInt32) {
    let rgb = Self.channels(color)
    let columns = max(x, 0)..<max(min(x + width, self.width), max(x, 0))
    for row in max(y, 0)..<max(min(y + height, self.height), max(y, 0)) {
      for column in columns {
        for channel in 0..<3 { samples[3 * (row * self.width + column) + channel] = rgb[channel] }
      }
    }
  }

  /// Writes a text in capitals of 7 rows times a scale; letters that the font lacks are left out.
  /// - Parameters:
  ///   - x: the column of its leftmost pixel.
  ///   - y: the row of its uppermost pixel.
  ///   - scale: pixels a side of one of the font's.
  ///   - color: 0xRRGGBB.
  public mutating func write(_ text: String, x: Int, y: Int, scale: Int, color: UInt32) {
    for (place, letter) in text.enumerated() {
      for (row, bits) in (BitmapFont.rows(of: letter) ?? []).enumerated() {
        for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
          fill(
            x: x + (place * BitmapFont.advance + column) * scale, y: y + row * scale, width: scale,
            height: scale,
            color: color)
        }
      }
    }
  }

  /// The columns that ``write(_:x:y:scale:color:)`` takes for a text.
  public static func textWidth(_ text: String, scale: Int) -> Int {
    max(text.count * BitmapFont.advance - 1, 0) * scale
  }

  /// The rows that it takes.
  public static func textHeight(scale: Int) -> Int { BitmapFont.height * scale }

  /// Draws a line around the regions of a mask at the canvas's upper left corner, outside of them, with a dark edge that
  /// keeps it visible on any ground.
  /// - Parameters:
  ///   - color: 0xRRGGBB.
  ///   - lineWidth: in pixels; the edge has half of it, at least one.
  public mutating func outline(_ mask: Mask, color: UInt32, lineWidth: Int) {
    let line = mask.grown(by: lineWidth)
    let edge = mask.grown(by: lineWidth + max(lineWidth / 2, 1))
    let (rgb, dark) = (Self.channels(color), Self.channels(0x101010))
    for row in 0..<min(mask.height, height) {
      for column in 0..<min(mask.width, width) {
        let pixel = row * mask.width + column
        guard edge[pixel], !mask.pixels[pixel] else { continue }
        let drawn = line[pixel] ? rgb : dark
        for channel in 0..<3 { samples[3 * (row * width + column) + channel] = drawn[channel] }
      }
    }
  }
}
