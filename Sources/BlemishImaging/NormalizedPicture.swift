/// A picture as networks trained on ImageNet take it: three planes, scaled to [0, 1], less the mean of ImageNet's
/// pixels, over their standard deviation.
public struct NormalizedPicture: Sendable, Equatable {
  /// The mean of red, green and blue over ImageNet.
  public static let mean: [Float] = [0.485, 0.456, 0.406]
  /// The standard deviation of red, green and blue over ImageNet.
  public static let standardDeviation: [Float] = [0.229, 0.224, 0.225]

  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// `[3, height, width]`, row-major.
  public let values: [Float]

  /// Resizes a picture to exactly this size and normalises it. A grey one fills all three planes.
  ///
  /// - Throws: ``PictureError/unreachableSize(height:width:)`` for a size that is not positive, or so large that memory
  ///   would run out.
  public init(_ picture: Picture, height: Int, width: Int, filter: ResamplingFilter) throws {
    let sides = 1...Picture.maximumSide
    guard sides ~= height, sides ~= width, height <= Picture.maximumPixelCount / width else {
      throw PictureError.unreachableSize(height: height, width: width)
    }
    let scales = Self.standardDeviation.map { 1 / ($0 * picture.samples.maximum) }
    let offsets = zip(Self.mean, Self.standardDeviation).map { -$0 / $1 }
    self.height = height
    self.width = width
    values = [Float](unsafeUninitializedCapacity: 3 * height * width) { values, count in
      let planes = values.baseAddress!
      picture.resample(width: width, height: height, filter: filter) { y, pixels in
        for plane in 0..<3 {
          normalize(
            pixels, lane: picture.channels == 1 ? 0 : plane, scale: scales[plane], offset: offsets[plane],
            into: planes + (plane * height + y) * width, count: width)
        }
      }
      count = 3 * height * width
    }
  }
}

extension NormalizedPicture {
  /// Normalises a picture at its own size. A grey one fills all three planes.
  public init(_ picture: Picture) {
    let scales = Self.standardDeviation.map { 1 / ($0 * picture.samples.maximum) }
    let offsets = zip(Self.mean, Self.standardDeviation).map { -$0 / $1 }
    height = picture.height
    width = picture.width
    let (pixels, channels) = (picture.height * picture.width, picture.channels)
    func planes<Sample: FixedWidthInteger & UnsignedInteger>(_ samples: [Sample]) -> [Float] {
      [Float](unsafeUninitializedCapacity: 3 * pixels) { values, count in
        samples.withUnsafeBufferPointer { samples in
          for plane in 0..<3 {
            let (scale, offset) = (scales[plane], offsets[plane])
            let source = samples.baseAddress! + (channels == 1 ? 0 : plane)
            let target = values.baseAddress! + plane * pixels
            for pixel in 0..<pixels { target[pixel] = Float(source[pixel * channels]) * scale + offset }
          }
        }
        count = 3 * pixels
      }
    }
    switch picture.samples {
    case .eightBit(let samples): values = planes(samples)
    case .sixteenBit(let samples): values = planes(samples)
    }
  }
}

/// Writes one lane of pixels, scaled and shifted: four pixels at a time, then those that remain.
private func normalize(
  _ pixels: UnsafePointer<Pixel>, lane: Int, scale: Float, offset: Float,
  into target: UnsafeMutablePointer<Float>, count: Int
) {
  pixels.withMemoryRebound(to: Double.self, capacity: Pixel.scalarCount * count) { numbers in
    let stride = Pixel.scalarCount
    var sample = numbers + lane
    var x = 0
    while x + 4 <= count {
      let four = SIMD4<Float>(
        Float(sample[0]), Float(sample[stride]), Float(sample[2 * stride]), Float(sample[3 * stride]))
      UnsafeMutableRawPointer(target + x).storeBytes(of: four * scale + offset, as: SIMD4<Float>.self)
      sample += 4 * stride
      x += 4
    }
    while x < count {
      target[x] = Float(sample[0]) * scale + offset
      sample += stride
      x += 1
    }
  }
}
