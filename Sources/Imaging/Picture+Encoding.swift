import CImageCodecs
import Foundation

extension Picture {
  /// The picture as a PNG file, at its own precision.
  ///
  /// - Throws: ``PictureError`` when there is no memory for it.
  public func pngData() throws -> Data {
    Data(try encoded(as: CodecFormatPNG))
  }

  /// The picture as a JPEG file.
  ///
  /// - Parameter quality: 1 to 100.
  /// - Throws: ``PictureError`` when there is no memory for it.
  public func jpegData(quality: Int = 90) throws -> Data {
    let eightBit = Picture(
      width: width,
      height: height,
      channels: channels,
      samples: .eightBit(eightBitSamples)
    )
    return Data(try eightBit.encoded(as: CodecFormatJPEG, option: quality))
  }

  /// Writes a PNG file, whole or not at all: under a temporary name, flushed, then renamed.
  ///
  /// - Throws: ``PictureError``; then no file is left, and one that was there before is unchanged.
  public func write(png path: String) throws {
    do {
      try writeFile(encoded(as: CodecFormatPNG), to: path)
    } catch PictureError.unwritable(_, let reason) {
      throw PictureError.unwritable(name: path, reason: reason)
    }
  }

  /// The picture as a TIFF file, with the given orientation tag and libtiff's number of a compression scheme.
  func tiffBytes(compression: Int = 1, orientation: Int = 1) throws -> [UInt8] {
    try encoded(as: CodecFormatTIFF, option: compression, orientation: orientation)
  }

  private func encoded(as format: CodecFormat, option: Int = 0, orientation: Int = 1) throws -> [UInt8] {
    var bits: UInt32 = 8
    if case .sixteenBit = samples { bits = 16 }
    var picture = CodecPicture(
      width: UInt32(width),
      height: UInt32(height),
      channels: UInt32(channels),
      bits: bits,
      orientation: UInt32(orientation)
    )
    var encoded = CodecBytes()
    var error = CodecError()
    defer { free(encoded.bytes) }
    let done =
      switch samples {
      case .eightBit(let values): codec_encode(format, &picture, values, Int32(option), &encoded, &error)
      case .sixteenBit(let values): codec_encode(format, &picture, values, Int32(option), &encoded, &error)
      }
    guard done else {
      throw PictureError.unwritable(name: "\(width) x \(height) picture", reason: error.reason)
    }
    return [UInt8](UnsafeBufferPointer(start: encoded.bytes, count: encoded.count))
  }
}
