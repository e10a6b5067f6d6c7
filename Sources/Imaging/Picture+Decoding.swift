import CImageCodecs
import Foundation

extension Picture {
  /// The most pixels a picture may have: half a gibibyte as RGB, the limit that Pillow has too.
  public static let maximumPixelCount = 178_956_970

  /// The longest side a picture may have, which is the longest libjpeg can read.
  public static let maximumSide = 65_500

  /// Reads a PNG, JPEG, TIFF or BMP file, recognised by its content and turned upright.
  ///
  /// Grey files of 1 to 16 bits give one channel, all others RGB. Alpha is dropped, palettes and CMYK are
  /// converted, and of a TIFF file with several pages the first is read.
  ///
  /// - Throws: ``PictureError``, also for a file that is cut off or damaged anywhere.
  public init(contentsOf path: String) throws {
    try self.init(decoding: readFile(path), name: path)
  }

  /// Decodes a file in memory. `name` is for error messages.
  ///
  /// - Throws: ``PictureError``.
  public init(decoding bytes: [UInt8], name: String) throws {
    let header = try PictureHeader(bytes, name: name)
    let (pixels, overflow) = header.width.multipliedReportingOverflow(by: header.height)
    guard !overflow, pixels <= Picture.maximumPixelCount,
      max(header.width, header.height) <= Picture.maximumSide
    else { throw PictureError.tooLarge(name: name, width: header.width, height: header.height) }
    guard pixels / header.format.maximumPixelsPerByte <= bytes.count else {
      throw PictureError.undecodable(
        name: name,
        format: header.format.rawValue,
        reason: "\(bytes.count) bytes cannot hold \(header.width) x \(header.height) pixels"
      )
    }
    self = try header.orientation.applied(to: header.decode(bytes, name: name))
  }

  /// Decodes a file in memory. `name` is for error messages.
  ///
  /// - Throws: ``PictureError``.
  public init(decoding data: Data, name: String) throws {
    try self.init(decoding: [UInt8](data), name: name)
  }

  /// The size of a picture, upright, from its header alone. The rest of the file may be damaged, or too large
  /// to be decoded.
  ///
  /// - Throws: ``PictureError``.
  public static func dimensions(ofFile path: String) throws -> (width: Int, height: Int) {
    let prefix = 1 << 18
    let start = try readFile(path, limit: prefix)
    let header: PictureHeader
    do {
      header = try PictureHeader(start, name: path)
    } catch {
      // A TIFF directory may be anywhere, and a JPEG header may lie behind large metadata.
      guard start.count == prefix else { throw error }
      header = try PictureHeader(readFile(path), name: path)
    }
    return header.orientation.swapsSides ? (header.height, header.width) : (header.width, header.height)
  }
}

/// What the header of a file says. Sizes are positive, and otherwise as large as the file claims.
struct PictureHeader {
  let format: PictureFormat
  let width: Int
  let height: Int
  let orientation: Orientation
  private let content: Content

  private enum Content {
    case bitmap(BitmapHeader)
    case codec(CodecFormat, CodecPicture)
  }

  init(_ bytes: [UInt8], name: String) throws {
    guard let format = PictureFormat(recognizing: bytes) else {
      throw PictureError.unrecognizedFormat(name: name)
    }
    self.format = format
    let codecFormat: CodecFormat
    switch format {
    case .png: codecFormat = CodecFormatPNG
    case .jpeg: codecFormat = CodecFormatJPEG
    case .tiff: codecFormat = CodecFormatTIFF
    case .bmp:
      let header = try BitmapHeader(bytes, name: name)
      (width, height, orientation) = (header.width, header.height, .upright)
      content = .bitmap(header)
      return
    }
    var picture = CodecPicture()
    var error = CodecError()
    guard codec_header(codecFormat, bytes, bytes.count, &picture, &error) else {
      throw PictureError.undecodable(name: name, format: format.rawValue, reason: error.reason)
    }
    guard picture.width > 0, picture.height > 0 else {
      throw PictureError.undecodable(name: name, format: format.rawValue, reason: "it has no pixels")
    }
    (width, height) = (Int(picture.width), Int(picture.height))
    orientation =
      format == .tiff
      ? Orientation(rawValue: Int(picture.orientation)) ?? .upright
      : Orientation(inFile: bytes, format: format)
    content = .codec(codecFormat, picture)
  }

  /// The picture as stored: orientation is the caller's. The size must have been checked.
  func decode(_ bytes: [UInt8], name: String) throws -> Picture {
    switch content {
    case .bitmap(let header):
      return try header.decode(bytes, name: name)
    case .codec(let codecFormat, let picture):
      let channels = Int(picture.channels)
      let count = width * height * channels
      func decoded<Sample: FixedWidthInteger>() throws -> [Sample] {
        try [Sample](unsafeUninitializedCapacity: count) { samples, initializedCount in
          var picture = picture
          var error = CodecError()
          guard codec_decode(codecFormat, bytes, bytes.count, &picture, samples.baseAddress, &error) else {
            throw PictureError.undecodable(name: name, format: format.rawValue, reason: error.reason)
          }
          initializedCount = count
        }
      }
      let samples: Picture.Samples =
        try picture.bits == 16 ? .sixteenBit(decoded()) : .eightBit(decoded())
      return Picture(width: width, height: height, channels: channels, samples: samples)
    }
  }
}

extension CodecError {
  /// The text, without a full stop at its end.
  var reason: String {
    let text = withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
