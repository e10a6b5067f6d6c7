/// A picture of floating-point planes: what is generated, and what defects are planted into.
public struct FloatPicture: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// `[channels, height, width]`, row-major; 0 is black and 1 is white.
  public var values: [Float]

  /// A picture from its values. Sizes that do not belong together are a programming error and trap.
  public init(width: Int, height: Int, channels: Int, values: [Float]) {
    precondition(channels == 1 || channels == 3, "a picture is grey or RGB")
    precondition(values.count == width * height * channels, "a picture needs a value for every sample")
    self.width = width
    self.height = height
    self.channels = channels
    self.values = values
  }

  /// The number of pixels.
  public var pixelCount: Int { width * height }

  init(_ planes: [Plane]) {
    self.init(
      width: planes[0].width, height: planes[0].height, channels: planes.count,
      values: Array(planes.map(\.values).joined()))
  }
}

/// A picture and where it is defective.
public struct LabelledPicture: Sendable, Equatable {
  /// What is seen.
  public var picture: FloatPicture
  /// 1 where a defect is visible, 0 elsewhere; `[height, width]`, row-major.
  public var mask: [Float]

  /// A picture with its mask.
  public init(picture: FloatPicture, mask: [Float]) {
    precondition(mask.count == picture.pixelCount, "a mask needs a value for every pixel")
    self.picture = picture
    self.mask = mask
  }
}
