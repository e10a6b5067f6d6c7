import BlemishSupport
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
    try write(pngBytes: encoded(as: CodecFormatPNG), to: path, replacing: .anyFile)
  }

  /// Writes a PNG file that says that it shows a result, where there is no file yet, or one that may be replaced.
  ///
  /// - Throws: ``PictureError``; then no file is left, and one that was there before is unchanged.
  package func write(result path: String, replacing: AtomicFile.Replacement) throws {
    var bytes = try encoded(as: CodecFormatPNG)
    // Behind the signature of 8 bytes and the header of 25.
    bytes.insert(contentsOf: Self.textChunk(OwnFile.pictureMark), at: 33)
    try write(pngBytes: bytes, to: path, replacing: replacing)
  }

  /// A chunk of a PNG file that holds a text.
  private static func textChunk(_ text: String) -> [UInt8] {
    func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
    let content = Array("tEXt".utf8) + Array(text.utf8)
    var checksum = UInt32.max
    for byte in content {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
    }
    return bigEndian(UInt32(text.utf8.count)) + content + bigEndian(~checksum)
  }

  private func write(
    pngBytes bytes: [UInt8], to path: String, replacing: AtomicFile.Replacement
  ) throws {
    do {
      try AtomicFile.replace(path, with: [bytes], replacing: replacing)
    } catch {
      throw PictureError.file(error)
    }
  }

  /// The picture as a TIFF file, with the given orientation tag and libtiff's number of a compression scheme.
  package func tiffBytes(compression: Int = 1, orientation: Int = 1) throws -> [UInt8] {
    try encoded(as: CodecFormatTIFF, option: compression, orientation: orientation)
  }

  /// The picture as a WebP file: without loss at quality 0.
  package func webPBytes(quality: Int = 0) throws -> [UInt8] {
    try eightBitRGB.encoded(as: CodecFormatWebP, option: quality)
  }

  private func encoded(as format: CodecFormat, option: Int = 0, orientation: Int = 1) throws -> [UInt8] {
    var bits: UInt32 = 8
    if case .sixteenBit = samples { bits = 16 }
    var picture = CodecPicture()
    (picture.width, picture.height) = (UInt32(width), UInt32(height))
    (picture.channels, picture.bits) = (UInt32(channels), bits)
    picture.orientation = UInt32(orientation)
    var encoded = CodecBytes()
    var error = CodecError()
    defer { free(encoded.bytes) }
    let done =
      switch samples {
      case .eightBit(let values): codec_encode(format, &picture, values, Int32(option), &encoded, &error)
      case .sixteenBit(let values): codec_encode(format, &picture, values, Int32(option), &encoded, &error)
      }
    guard done else {
      throw PictureError.unencodable(width: width, height: height, reason: error.reason)
    }
    return [UInt8](UnsafeBufferPointer(start: encoded.bytes, count: encoded.count))
  }
}
