/// A decoded picture: grey or RGB, with the precision of its file.
///
/// Samples are row-major and interleaved, `[height, width, channels]`.
public struct Picture: Sendable, Equatable {
  /// Sample values in row-major, interleaved order, at the precision of the file.
  public enum Samples: Sendable, Equatable {
    /// 0 to 255.
    case eightBit([UInt8])
    /// 0 to 65,535.
    case sixteenBit([UInt16])

    /// The number of samples.
    public var count: Int {
      switch self {
      case .eightBit(let values): values.count
      case .sixteenBit(let values): values.count
      }
    }

    /// The value of white.
    public var maximum: Float {
      switch self {
      case .eightBit: 255
      case .sixteenBit: 65_535
      }
    }
  }

  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for grey, 3 for RGB.
  public let channels: Int
  /// `height * width * channels` values.
  public let samples: Samples
  /// What of its file is not in the samples.
  public let notes: [PictureNote]

  /// A picture from its samples. Sizes that do not belong together are a programming error and trap.
  public init(width: Int, height: Int, channels: Int, samples: Samples, notes: [PictureNote] = []) {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    precondition(channels == 1 || channels == 3, "a picture is grey or RGB")
    precondition(samples.count == width * height * channels, "a picture needs a value for every sample")
    self.width = width
    self.height = height
    self.channels = channels
    self.samples = samples
    self.notes = notes
  }

  /// Whether both have the same samples. Notes do not count.
  public static func == (left: Picture, right: Picture) -> Bool {
    (left.width, left.height, left.channels) == (right.width, right.height, right.channels)
      && left.samples == right.samples
  }

  /// The same picture as RGB with 8 bits a sample, for showing.
  public var eightBitRGB: Picture {
    let values = eightBitSamples
    guard channels == 1 else {
      return Picture(width: width, height: height, channels: 3, samples: .eightBit(values))
    }
    let colored = [UInt8](unsafeUninitializedCapacity: 3 * values.count) { buffer, count in
      for (index, value) in values.enumerated() {
        buffer[3 * index] = value
        buffer[3 * index + 1] = value
        buffer[3 * index + 2] = value
      }
      count = 3 * values.count
    }
    return Picture(width: width, height: height, channels: 3, samples: .eightBit(colored))
  }

  /// The samples scaled to 0 to 255.
  package var eightBitSamples: [UInt8] {
    switch samples {
    case .eightBit(let values): values
    case .sixteenBit(let values): values.map { UInt8((UInt32($0) + 128) / 257) }
    }
  }
}
