import Foundation

/// Why a picture could not be read or written.
public enum PictureError: Error, Equatable, CustomStringConvertible, LocalizedError {
  /// The file could not be opened or read.
  case unreadable(name: String, reason: String)
  /// The first bytes are not those of a PNG, JPEG, TIFF or BMP file.
  case unrecognizedFormat(name: String)
  /// The format is known and the file is damaged, cut off, or uses a part of the format that is not supported.
  case undecodable(name: String, format: String, reason: String)
  /// The header asks for more pixels than ``Picture/maximumPixelCount`` or ``Picture/maximumSide`` allow.
  case tooLarge(name: String, width: Int, height: Int)
  /// Pictures cannot have the size that was asked for.
  case unreachableSize(height: Int, width: Int)
  /// The picture could not be encoded or the file could not be written.
  case unwritable(name: String, reason: String)

  /// What is wrong with which file, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let name, let reason):
      "\(name): cannot be read: \(reason)"
    case .unrecognizedFormat(let name):
      "\(name): not a picture. Its content is not PNG, JPEG, TIFF or BMP, whatever its name says; convert it."
    case .undecodable(let name, let format, let reason):
      "\(name): cannot be decoded as \(format): \(reason). Copy or export the picture again."
    case .tooLarge(let name, let width, let height):
      "\(name): \(width) x \(height) pixels is too large: at most \(Picture.maximumPixelCount) pixels and "
        + "\(Picture.maximumSide) a side can be read. Scale it down or cut it into tiles."
    case .unreachableSize(let height, let width):
      "no picture can be resized to \(width) x \(height): the result would be empty or too large. Choose another size."
    case .unwritable(let name, let reason):
      "\(name): cannot be written: \(reason)"
    }
  }

  /// The same as ``description``.
  public var errorDescription: String? { description }
}
