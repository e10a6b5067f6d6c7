import BlemishSupport
import Foundation

/// The header of a BMP file, and from it the pixels: 1, 4, 8, 16, 24 and 32 bits, with a palette or bit fields,
/// top-down or bottom-up.
struct BitmapHeader {
  let width: Int
  let height: Int
  private let isTopDown: Bool
  private let bits: Int
  private let pixelOffset: Int
  /// Red, green and blue; empty above 8 bits.
  private let palette: [(UInt8, UInt8, UInt8)]
  /// Where red, green and blue lie in a pixel of 16 or 32 bits; empty otherwise.
  private let fields: [BitField]

  init(_ data: Data, name: String) throws {
    func refusal(_ reason: String) -> PictureError {
      .undecodable(name: name, format: "BMP", reason: reason)
    }
    let file = ByteReader(data)
    let cutOff = refusal("the file ends within its header")
    guard let pixelOffset = file.uint32(at: 10), let headerSize = file.uint32(at: 14) else { throw cutOff }
    guard headerSize == 12 || (40...256).contains(headerSize) else {
      throw refusal("its header of \(headerSize) bytes is of no known version")
    }

    var compression = 0
    var paletteCount = 0
    if headerSize == 12 {
      guard let width = file.uint16(at: 18), let height = file.uint16(at: 20), let bits = file.uint16(at: 24)
      else { throw cutOff }
      (self.width, self.height, self.bits, isTopDown) = (width, height, bits, false)
    } else {
      guard let width = file.int32(at: 18), let height = file.int32(at: 22), let bits = file.uint16(at: 28),
        let scheme = file.uint32(at: 30), let count = file.uint32(at: 46)
      else { throw cutOff }
      (self.width, self.height, self.bits, isTopDown) = (width, abs(height), bits, height < 0)
      (compression, paletteCount) = (scheme, count)
    }
    self.pixelOffset = pixelOffset
    guard width > 0, height > 0 else { throw refusal("it has no pixels") }
    guard [1, 4, 8, 16, 24, 32].contains(bits) else { throw refusal("\(bits) bits a pixel is not supported") }

    let hasBitFields = compression == 3 || compression == 6
    guard compression == 0 || (hasBitFields && (bits == 16 || bits == 32)) else {
      throw refusal(
        compression == 1 || compression == 2
          ? "run-length encoding is not supported; save it without compression"
          : "compression scheme \(compression) with \(bits) bits is not supported"
      )
    }
    // The masks follow the oldest header with bit fields and are part of all later ones, at the same place.
    let maskOffset = 14 + 40
    if hasBitFields {
      guard let red = file.uint32(at: maskOffset), let green = file.uint32(at: maskOffset + 4),
        let blue = file.uint32(at: maskOffset + 8)
      else { throw cutOff }
      fields = [BitField(mask: red), BitField(mask: green), BitField(mask: blue)]
    } else if bits == 16 {
      fields = [BitField(mask: 0x7C00), BitField(mask: 0x03E0), BitField(mask: 0x001F)]
    } else if bits == 32 {
      fields = [BitField(mask: 0xFF0000), BitField(mask: 0xFF00), BitField(mask: 0xFF)]
    } else {
      fields = []
    }

    // The oldest header with bit fields has three masks behind it.
    let headerEnd = 14 + headerSize + (hasBitFields && headerSize == 40 ? 12 : 0)
    guard pixelOffset >= headerEnd else {
      throw refusal("its pixels would begin at byte \(pixelOffset), within its header of \(headerEnd) bytes")
    }
    guard bits <= 8 else {
      palette = []
      return
    }
    guard paletteCount <= 1 << bits else { throw refusal("its palette has \(paletteCount) colours") }
    let entrySize = headerSize == 12 ? 3 : 4
    var colors: [(UInt8, UInt8, UInt8)] = []
    for index in 0..<(paletteCount == 0 ? 1 << bits : paletteCount) {
      let offset = 14 + headerSize + index * entrySize
      // A palette may be shorter than its pixels could ask for where it says no length itself.
      if paletteCount == 0 && offset + entrySize > pixelOffset { break }
      guard let blue = file.byte(at: offset), let green = file.byte(at: offset + 1),
        let red = file.byte(at: offset + 2)
      else { throw cutOff }
      colors.append((UInt8(red), UInt8(green), UInt8(blue)))
    }
    palette = colors
  }

  /// The pixels. The size must have been checked.
  func decode(_ data: Data, name: String) throws -> Picture {
    let stride = (width * bits + 31) / 32 * 4
    guard pixelOffset <= data.count, stride * height <= data.count - pixelOffset else {
      throw PictureError.undecodable(name: name, format: "BMP", reason: "the file ends too early")
    }
    return try data.withUnsafeBytes { try decode($0, stride: stride, name: name) }
  }

  private func decode(_ bytes: UnsafeRawBufferPointer, stride: Int, name: String) throws -> Picture {
    let isGrey = !palette.isEmpty && palette.allSatisfy { $0.0 == $0.1 && $0.1 == $0.2 }
    let channels = isGrey ? 1 : 3
    var samples: [UInt8] = []
    samples.reserveCapacity(width * height * channels)
    for y in 0..<height {
      let start = pixelOffset + stride * (isTopDown ? y : height - 1 - y)
      let row = bytes
      switch bits {
      case 24:
        for pixel in Swift.stride(from: start, to: start + 3 * width, by: 3) {
          samples.append(row[pixel + 2])
          samples.append(row[pixel + 1])
          samples.append(row[pixel])
        }
      case 16, 32:
        let size = bits / 8
        for x in 0..<width {
          var pixel: UInt32 = 0
          for byte in 0..<size { pixel |= UInt32(row[start + x * size + byte]) << UInt32(8 * byte) }
          for field in fields { samples.append(field.value(in: pixel)) }
        }
      default:
        for x in 0..<width {
          let bit = x * bits
          let index = Int(row[start + bit / 8]) >> (8 - bits - bit % 8) & (1 << bits - 1)
          guard index < palette.count else {
            throw PictureError.undecodable(
              name: name,
              format: "BMP",
              reason: "colour \(index) is not among the \(palette.count) of its palette"
            )
          }
          let color = palette[index]
          samples.append(color.0)
          if !isGrey {
            samples.append(color.1)
            samples.append(color.2)
          }
        }
      }
    }
    return Picture(width: width, height: height, channels: channels, samples: .eightBit(samples))
  }
}

/// Some adjacent bits of a pixel.
private struct BitField {
  private let mask: UInt32
  private let shift: UInt32

  init(mask: Int) {
    self.mask = UInt32(truncatingIfNeeded: mask)
    shift = self.mask == 0 ? 0 : UInt32(self.mask.trailingZeroBitCount)
  }

  /// The field scaled to 0 to 255.
  func value(in pixel: UInt32) -> UInt8 {
    guard mask != 0 else { return 0 }
    let maximum = UInt64(mask >> shift)
    return UInt8(UInt64((pixel & mask) >> shift) * 255 / maximum)
  }
}
