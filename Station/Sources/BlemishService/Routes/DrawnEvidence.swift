import Blemish

/// The map and the mask of an inspection, drawn at the picture's size.
struct DrawnEvidence: Sendable {
  var map: [UInt8]
  var mask: [UInt8]?
  /// The picture's columns; nil for those of the picture that is drawn on.
  var width: Int?
  /// The picture's rows.
  var height: Int?

  /// A picture in PNG.
  /// - Parameter picture: the picture's file, for what is drawn on it.
  /// - Throws: `PictureError`.
  func png(_ kind: PictureKind, picture bytes: [UInt8]) throws -> [UInt8] {
    let grey = try Picture(decoding: map, name: "map")
    let values: [Float] =
      switch grey.samples {
      case .eightBit(let samples): samples.map { Float($0) / 255 }
      case .sixteenBit(let samples): samples.map { Float($0) / 65_535 }
      }
    let scores = ScoreMap(width: grey.width, height: grey.height, values: values)
    switch kind {
    case .map: return [UInt8](try grey.pngData())
    case .heat:
      let (width, height) = (width ?? grey.width, height ?? grey.height)
      return [UInt8](try scores.resized(width: width, height: height).heatMap(range: 0...1).pngData())
    case .mask:
      if let mask { return mask }
      let (width, height) = (width ?? grey.width, height ?? grey.height)
      return [UInt8](
        try Picture(
          width: width, height: height, channels: 1,
          samples: .eightBit(.init(repeating: 0, count: width * height))
        )
        .pngData())
    case .picture: return bytes
    case .overlay:
      var picture = try Picture(decoding: bytes, name: "picture").overlaid(with: scores, range: 0...1)
      if let mask { picture = picture.outlined(Mask(try Picture(decoding: mask, name: "mask"))) }
      return [UInt8](try picture.pngData())
    }
  }
}
