import BlemishSupport
import Foundation

/// Why a picture could not be read or written.
public enum PictureError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// The file could not be opened, read or written.
  case file(FileSystemError)
  /// The first bytes are not those of a PNG, JPEG, TIFF, BMP or WebP file.
  case unrecognizedFormat(name: String)
  /// The format is known and the file is damaged, cut off, or uses a part of the format that is not supported.
  case undecodable(name: String, format: String, reason: String)
  /// The header asks for more pixels than are decoded, or for a side above ``Picture/maximumSide``.
  case tooLarge(name: String, width: Int, height: Int, maximumPixels: Int)
  /// There is not enough memory for the picture.
  case noMemory(name: String, width: Int, height: Int)
  /// The samples are floating-point, signed or 32-bit numbers, and nobody says which of them are black and white.
  case needsRange(name: String)
  /// Pictures cannot have the size that was asked for.
  case unreachableSize(height: Int, width: Int)
  /// The picture could not be encoded.
  case unencodable(width: Int, height: Int, reason: String)

  /// What is wrong with which file, and what to do.
  public var description: String {
    switch self {
    case .file(let error):
      error.description
    case .unrecognizedFormat(let name):
      "\(printable(name)): not a picture. Its content is not PNG, JPEG, TIFF, BMP or WebP, whatever its name says; "
        + "convert it."
    case .undecodable(let name, let format, let reason):
      "\(printable(name)): cannot be decoded as \(format): \(printable(reason)). Copy or export the picture again."
    case .tooLarge(let name, let width, let height, let maximumPixels):
      "\(printable(name)): \(width) x \(height) pixels is too large: at most \(maximumPixels) pixels and "
        + "\(Picture.maximumSide) a side can be read. Scale it down or cut it into tiles."
    case .noMemory(let name, let width, let height):
      "\(printable(name)): there is not enough memory for \(width) x \(height) pixels. Scale it down or cut it into "
        + "tiles."
    case .needsRange(let name):
      "\(printable(name)): its samples are floating-point, signed or 32-bit numbers: say which range of them reaches "
        + "from black to white, or save it with 8 or 16 bits."
    case .unreachableSize(let height, let width):
      "no picture can be resized to \(width) x \(height): the result would be empty or too large. Choose another size."
    case .unencodable(let width, let height, let reason):
      "a picture of \(width) x \(height) pixels cannot be encoded: \(printable(reason))"
    }
  }

  /// The same as ``description``.
  public var errorDescription: String? { description }
}
