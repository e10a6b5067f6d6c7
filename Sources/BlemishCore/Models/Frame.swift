import BlemishImaging
import BlemishSupport
import BlemishTorch

/// A picture on its way from the decoder to the verdict: where it is from, its own pixels, and what the backbone sees.
public struct Frame: Sendable {
  /// Where it is from.
  public let path: String
  /// The picture as it was decoded, at its own size.
  public let picture: Picture
  /// The picture at the size at which the backbone sees it.
  package let resized: Picture

  /// What the picture is like as a whole.
  package var traits: PictureTraits { PictureTraits(resized, width: width, height: height) }

  /// The picture's own columns.
  public var width: Int { picture.width }
  /// The picture's own rows.
  public var height: Int { picture.height }
}

/// Brings pictures to the size at which a backbone sees them.
public struct Preprocessor: Sendable, Equatable {
  /// Rows at the backbone.
  public let height: Int
  /// Columns at the backbone.
  public let width: Int
  /// How pictures are resized.
  public let filter: ResamplingFilter
  /// The most pixels that a picture may have to be decoded.
  public let maximumPixels: Int
  /// The samples that are black and white, for TIFF files of floating-point, signed or 32-bit numbers.
  public let sampleRange: ClosedRange<Double>?
  /// Outside it pictures become grey; nil where all of them matters.
  public let regionOfInterest: RegionOfInterest?

  /// A way to prepare pictures.
  public init(
    height: Int, width: Int, filter: ResamplingFilter, maximumPixels: Int = Picture.maximumPixelCount,
    sampleRange: ClosedRange<Double>? = nil, regionOfInterest: RegionOfInterest? = nil
  ) {
    self.height = height
    self.width = width
    self.filter = filter
    self.maximumPixels = maximumPixels
    self.sampleRange = sampleRange
    self.regionOfInterest = regionOfInterest
  }

  /// How pictures are decoded.
  package var decoding: DecodingOptions { DecodingOptions(maximumPixels: maximumPixels, range: sampleRange) }

  /// Prepares a picture that was decoded.
  /// - Parameter path: where it is from.
  /// - Throws: ``PictureSizeError/tooSmall(path:height:width:least:)``.
  public func callAsFunction(_ picture: Picture, from path: String) throws -> Frame {
    guard min(picture.width, picture.height) >= PictureSize.smallestSide else {
      throw PictureSizeError.tooSmall(
        path: path, height: picture.height, width: picture.width, least: PictureSize.smallestSide)
    }
    let resized = picture.resized(width: width, height: height, filter: filter)
    return Frame(
      path: path, picture: picture, resized: regionOfInterest?.applied(to: resized) ?? resized)
  }

  /// Reads and prepares a picture.
  /// - Throws: an error that names the file.
  public func callAsFunction(contentsOf path: String) throws -> Frame {
    try self(Picture(contentsOf: path, options: decoding), from: path)
  }
}

extension ModelConfiguration {
  /// How the model's pictures are prepared.
  public var preprocessor: Preprocessor {
    Preprocessor(
      height: height, width: width, filter: filter, maximumPixels: maximumPixels, sampleRange: sampleRange,
      regionOfInterest: regionOfInterest)
  }

  /// How many pictures go through the backbone at a time where so many are asked for. Those that are seen in tiles come
  /// one at a time: the maps of one fill memory enough.
  package func batch(_ size: Int) -> Int { tile == nil ? max(size, 1) : 1 }

  /// Reads and prepares pictures in batches, in order; the next batch is decoded on other threads while the body works
  /// on one. A picture that cannot be read comes as its error.
  public func forEachBatch(
    of paths: [String], size: Int, _ body: ([Result<Frame, any Error>]) throws -> Void
  ) rethrows {
    let preprocessor = preprocessor
    try forEachBatch(of: paths.count, size: size, { try preprocessor(contentsOf: paths[$0]) }, body)
  }

  /// Prepares frames, which a closure reads, in batches, in order; the closure is called on other threads.
  func forEachBatch(
    of count: Int, size: Int, _ frame: @escaping @Sendable (_ index: Int) throws -> Frame,
    _ body: ([Result<Frame, any Error>]) throws -> Void
  ) rethrows {
    try readBatches(of: Array(0..<count), size: batch(size), { index in Result { try frame(index) } }, body)
  }
}

extension Tensor {
  /// Pictures of one size, normalised as networks trained on ImageNet take them, `[batch, 3, height, width]`.
  package init(_ pictures: [Picture]) {
    self = .stack(
      pictures.map { Tensor(NormalizedPicture($0).values, shape: [3, $0.height, $0.width]) })
  }

  /// The frames of a batch, as the backbone takes them, `[batch, 3, height, width]`.
  package init(_ frames: [Frame]) { self.init(frames.map(\.resized)) }
}
