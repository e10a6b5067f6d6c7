/// How defects are planted into pictures that are much larger than defects are: each into a window at a random place,
/// as if the window were a picture.
public struct DefectWindows: Sendable, Codable, Equatable {
  /// The rows and columns of a window.
  public var side: Int
  /// The part of the pictures that stay without a defect.
  public var none: Double
  /// The most windows of a picture; there are as often one as any other number.
  public var most: Int

  /// What the embedded backbone is tuned with.
  public static let standard = DefectWindows(side: 128, none: 0.15, most: 5)

  /// How far a window may be drawn beyond the border, as a part of its side, before it is moved back: what lies at a
  /// border would else be altered less often.
  private static let overhang: Float = 0.25

  /// A place of a window along one side of a picture.
  func place(in length: Int, window: Int, _ random: inout SynthesisRandom) -> Int {
    let overhang = Int(Float(window) * Self.overhang)
    return min(max(random.below(length - window + 2 * overhang + 1) - overhang, 0), length - window)
  }
}

extension DefectPlanter {
  /// The picture with defects in windows; one that is not much larger than a window is planted into as it is.
  /// - Parameters:
  ///   - always: whether a picture must not stay without.
  ///   - donor: makes the picture that pieces come from, when one is needed.
  public func plant(
    into picture: FloatPicture, windows: DefectWindows, donor: () -> FloatPicture, always: Bool = false,
    _ random: inout SynthesisRandom
  ) -> LabelledPicture {
    let window = min(windows.side, picture.width, picture.height)
    guard max(picture.width, picture.height) * 4 > windows.side * 5 else {
      return plant(into: picture, donor: donor, always: always, &random)
    }
    var labelled = LabelledPicture(
      picture: picture, mask: [Float](repeating: 0, count: picture.pixelCount))
    guard !random.chance(Float(windows.none)) || always else { return labelled }
    for _ in 0..<1 + random.below(windows.most) {
      let x = windows.place(in: picture.width, window: window, &random)
      let y = windows.place(in: picture.height, window: window, &random)
      let part = plant(
        into: labelled.picture.cropped(x: x, y: y, width: window, height: window), donor: donor, always: true,
        &random)
      labelled.paste(part, x: x, y: y)
    }
    unmarkRestored(picture, in: &labelled)
    return labelled
  }
}

extension FloatPicture {
  /// A rectangle of the picture, which must lie within it.
  func cropped(x: Int, y: Int, width: Int, height: Int) -> FloatPicture {
    var values: [Float] = []
    values.reserveCapacity(channels * width * height)
    for channel in 0..<channels {
      for row in y..<y + height {
        let start = (channel * self.height + row) * self.width + x
        values += self.values[start..<start + width]
      }
    }
    return FloatPicture(width: width, height: height, channels: channels, values: values)
  }
}

extension LabelledPicture {
  /// Puts another picture over a rectangle of this one; what is marked in either is marked.
  fileprivate mutating func paste(_ part: LabelledPicture, x: Int, y: Int) {
    let (width, height) = (part.picture.width, part.picture.height)
    for row in 0..<height {
      for channel in 0..<picture.channels {
        let start = (channel * picture.height + y + row) * picture.width + x
        let from = (channel * height + row) * width
        picture.values.replaceSubrange(start..<start + width, with: part.picture.values[from..<from + width])
      }
      for column in 0..<width where part.mask[row * width + column] > 0 {
        mask[(y + row) * picture.width + x + column] = 1
      }
    }
  }
}
