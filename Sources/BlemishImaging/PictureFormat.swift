import CImageCodecs
import Foundation

/// The file formats that can be decoded.
enum PictureFormat: String {
  case png = "PNG"
  case jpeg = "JPEG"
  case tiff = "TIFF"
  case bmp = "BMP"
  case webp = "WebP"

  /// The library's name for it; nil for the one that is read here.
  var codec: CodecFormat? {
    switch self {
    case .png: CodecFormatPNG
    case .jpeg: CodecFormatJPEG
    case .tiff: CodecFormatTIFF
    case .webp: CodecFormatWebP
    case .bmp: nil
    }
  }

  /// The format that the first bytes tell, whatever the file is called.
  init?(recognizing bytes: Data) {
    let signatures: [(format: PictureFormat, bytes: [UInt8])] = [
      (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
      (.jpeg, [0xFF, 0xD8, 0xFF]),
      (.tiff, [0x49, 0x49, 0x2A, 0x00]),
      (.tiff, [0x4D, 0x4D, 0x00, 0x2A]),
      (.tiff, [0x49, 0x49, 0x2B, 0x00]),  // BigTIFF
      (.tiff, [0x4D, 0x4D, 0x00, 0x2B]),
      (.bmp, [0x42, 0x4D]),
    ]
    if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) {
      self = .webp
      return
    }
    guard let match = signatures.first(where: { bytes.starts(with: $0.bytes) }) else { return nil }
    self = match.format
  }

  /// The most pixels a byte of the file can stand for, where the format bounds it. A header that claims more
  /// belongs to a file that was cut off or made up, and is refused before memory is asked for.
  var maximumPixelsPerByte: Int {
    switch self {
    case .png: 8 * 1032  // one bit a pixel at deflate's best ratio
    case .jpeg: 8 * 64  // one bit for each block of 8 x 8
    case .bmp: 8
    case .webp: .max  // a picture of one colour takes a few bytes; 16,383 a side is the most it can say
    case .tiff: .max  // depends on the compression; libtiff checks strip by strip
    }
  }
}
