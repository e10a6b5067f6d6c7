import BlemishSupport
import Foundation

/// How the stored rows and columns lie in the picture, as EXIF and TIFF number it.
///
/// Values 5 to 8 swap rows and columns; some then run backwards.
enum Orientation: Int {
  case upright = 1
  case mirrored, rotated180, flipped, transposed, rotatedClockwise, transversed, rotatedCounterclockwise

  var swapsSides: Bool { rawValue >= 5 }

  /// Whether stored columns are read from the last to the first.
  private var reversesColumns: Bool { [2, 3, 7, 8].contains(rawValue) }

  /// Whether stored rows are read from the last to the first.
  private var reversesRows: Bool { [3, 4, 6, 7].contains(rawValue) }

  /// The picture upright again.
  func applied(to picture: Picture) -> Picture {
    guard self != .upright else { return picture }
    let samples: Picture.Samples =
      switch picture.samples {
      case .eightBit(let values): .eightBit(rearranged(values, of: picture))
      case .sixteenBit(let values): .sixteenBit(rearranged(values, of: picture))
      }
    return Picture(
      width: swapsSides ? picture.height : picture.width,
      height: swapsSides ? picture.width : picture.height,
      channels: picture.channels,
      samples: samples
    )
  }

  private func rearranged<Sample>(_ stored: [Sample], of picture: Picture) -> [Sample] {
    let (width, height, channels) = (picture.width, picture.height, picture.channels)
    let columnStep = (reversesColumns ? -1 : 1) * channels
    let rowStep = (reversesRows ? -1 : 1) * width * channels
    let start =
      (reversesColumns ? (width - 1) * channels : 0) + (reversesRows ? (height - 1) * width * channels : 0)
    let (outerCount, outerStep, innerCount, innerStep) =
      swapsSides ? (width, columnStep, height, rowStep) : (height, rowStep, width, columnStep)
    return [Sample](unsafeUninitializedCapacity: stored.count) { target, count in
      stored.withUnsafeBufferPointer { stored in
        for outer in 0..<outerCount {
          var source = start + outer * outerStep
          for _ in 0..<innerCount {
            for channel in 0..<channels {
              target.initializeElement(at: count, to: stored[source + channel])
              count += 1
            }
            source += innerStep
          }
        }
      }
    }
  }
}

extension Orientation {
  /// The orientation in a file's EXIF data, upright where it has none or where it makes no sense.
  init(inFile bytes: Data, format: PictureFormat) {
    let found: Orientation? =
      switch format {
      case .jpeg: Orientation(inJPEG: bytes)
      case .png: Orientation(inPNG: bytes)
      case .webp: Orientation(inWebP: bytes)
      case .tiff, .bmp: nil
      }
    self = found ?? .upright
  }

  private init?(inJPEG bytes: Data) {
    let file = ByteReader(bytes, isBigEndian: true)
    let (startOfScan, endOfImage, app1) = (0xDA, 0xD9, 0xE1)
    var position = 2
    while let mark = file.byte(at: position), let kind = file.byte(at: position + 1) {
      guard mark == 0xFF, kind != startOfScan, kind != endOfImage else { return nil }
      if kind == 0xFF {  // padding before a marker
        position += 1
        continue
      }
      guard let length = file.uint16(at: position + 2), length >= 2 else { return nil }
      let content = file.slice(from: position + 4, length: length - 2)
      if kind == app1, content.starts(with: Array("Exif\0\0".utf8)) {
        self.init(inEXIF: content.dropFirst(6))
        return
      }
      position += 2 + length
    }
    return nil
  }

  private init?(inPNG bytes: Data) {
    let file = ByteReader(bytes, isBigEndian: true)
    var position = 8
    while let length = file.uint32(at: position) {
      if file.slice(from: position + 4, length: 4).elementsEqual("eXIf".utf8) {
        self.init(inEXIF: file.slice(from: position + 8, length: length))
        return
      }
      position += 12 + length
    }
    return nil
  }

  private init?(inWebP bytes: Data) {
    let file = ByteReader(bytes)
    var position = 12
    while let length = file.uint32(at: position + 4) {
      if file.slice(from: position, length: 4).elementsEqual("EXIF".utf8) {
        // Some programs begin it as JPEG files do.
        let content = file.slice(from: position + 8, length: length)
        self.init(inEXIF: content.starts(with: Array("Exif\0\0".utf8)) ? content.dropFirst(6) : content)
        return
      }
      position += 8 + length + length % 2
    }
    return nil
  }

  /// Tag 0x0112 of the first directory of EXIF data, which is laid out as a TIFF file.
  private init?(inEXIF bytes: Data) {
    let order = bytes.prefix(2)
    guard order.elementsEqual("MM".utf8) || order.elementsEqual("II".utf8) else { return nil }
    let file = ByteReader(bytes, isBigEndian: order.elementsEqual("MM".utf8))
    guard file.uint16(at: 2) == 42, let directory = file.uint32(at: 4),
      let entries = file.uint16(at: directory)
    else { return nil }
    for entry in 0..<entries {
      let offset = directory + 2 + 12 * entry
      guard let tag = file.uint16(at: offset) else { return nil }
      guard tag == 0x0112 else { continue }
      guard let value = file.uint16(at: offset + 8) else { return nil }
      self.init(rawValue: value)
      return
    }
    return nil
  }
}
