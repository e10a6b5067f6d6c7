/// The pixels of a picture that belong to something, such as a defect. `[height, width]`, row-major.
public struct Mask: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `height * width` answers, row-major.
  public let pixels: [Bool]

  /// A mask from its pixels. Sizes that do not belong together are a programming error and trap.
  public init(width: Int, height: Int, pixels: [Bool]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height,
      "a mask needs an answer for every pixel"
    )
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The pixels of which any channel, scaled to [0, 1], exceeds the threshold. Grey, colour and palette masks all
  /// work so. A threshold of 0 takes every pixel that is not black, for masks that hold class numbers.
  public init(_ picture: Picture, threshold: Float = 0.5) {
    func run<Sample: FixedWidthInteger & UnsignedInteger>(_ values: [Sample]) -> [Bool] {
      let limit = threshold * picture.samples.maximum
      return (0..<picture.width * picture.height).map { pixel in
        let first = pixel * picture.channels
        var largest = values[first]
        for index in first..<first + picture.channels { largest = max(largest, values[index]) }
        return Float(largest) > limit
      }
    }
    let pixels =
      switch picture.samples {
      case .eightBit(let values): run(values)
      case .sixteenBit(let values): run(values)
      }
    self.init(width: picture.width, height: picture.height, pixels: pixels)
  }

  /// Reads a mask file.
  ///
  /// - Throws: ``PictureError``.
  public init(contentsOf path: String, threshold: Float = 0.5) throws {
    self.init(try Picture(contentsOf: path), threshold: threshold)
  }

  /// White where the mask is, black elsewhere.
  public var picture: Picture {
    Picture(width: width, height: height, channels: 1, samples: .eightBit(pixels.map { $0 ? 255 : 0 }))
  }

  /// The mask at another size: resized as grey values, then those above one half.
  public func resized(
    width targetWidth: Int,
    height targetHeight: Int,
    filter: ResamplingFilter = .bilinear
  ) -> Mask {
    guard (targetWidth, targetHeight) != (width, height) else { return self }
    return Mask(picture.resized(width: targetWidth, height: targetHeight, filter: filter))
  }
}
