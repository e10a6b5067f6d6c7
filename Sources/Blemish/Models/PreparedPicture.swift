import Foundation
import Imaging
import Torch

/// A picture as the backbone takes it, with its own size.
public struct PreparedPicture: Sendable {
  /// Where it came from.
  public var path: String
  /// Its own width in pixels.
  public var width: Int
  /// Its own height in pixels.
  public var height: Int
  /// Its normalised values at the model's size.
  var planes: NormalizedPicture
}

extension ModelConfiguration {
  /// The shortest side of a picture in which there is something to be seen.
  static let smallestSide = 8

  /// Reads a picture and brings it to the model's size.
  /// - Throws: an error that names the file.
  public func prepare(_ path: String) throws -> PreparedPicture {
    try prepare(Picture(contentsOf: path), path: path)
  }

  /// Brings a picture to the model's size.
  /// - Throws: ``ConfigurationError`` that names the path, for a picture too small to show anything.
  public func prepare(_ picture: Picture, path: String) throws -> PreparedPicture {
    guard let filter = ResamplingFilter(rawValue: filter) else {
      throw ConfigurationError("unknown resampling filter '\(filter)'")
    }
    guard min(picture.width, picture.height) >= Self.smallestSide else {
      throw ConfigurationError(
        "\(path): \(picture.width) x \(picture.height) pixels show too little to be judged; pictures need at least "
          + "\(Self.smallestSide) a side")
    }
    return PreparedPicture(
      path: path, width: picture.width, height: picture.height,
      planes: try NormalizedPicture(picture, height: height, width: width, filter: filter))
  }

  /// Prepares pictures in batches, in order; the next batch is decoded on other threads while the body works on
  /// one. A picture that cannot be read comes as its error. Those that are seen in tiles come one at a time: the maps of
  /// one fill memory enough.
  public func forEachBatch(
    of paths: [String], size: Int, _ body: ([Result<PreparedPicture, any Error>]) throws -> Void
  ) rethrows {
    try readBatches(
      of: paths, size: tile == nil ? size : 1, { path in Result { try self.prepare(path) } }, body)
  }
}

extension Tensor {
  /// Prepared pictures of one size as a batch `[batch, 3, height, width]`.
  init(_ pictures: [PreparedPicture]) {
    self = .stack(
      pictures.map { Tensor($0.planes.values, shape: [3, $0.planes.height, $0.planes.width]) })
  }
}
