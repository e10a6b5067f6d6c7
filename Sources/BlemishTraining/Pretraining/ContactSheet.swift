import BlemishImaging

/// Pictures beside their masks, for a person to look at.
public enum ContactSheet {
  /// A grid of the pictures of these indices, each with its mask to its right.
  public static func picture(of source: some LabelledPictureSource, indices: Range<Int>, columns: Int)
    -> Picture
  {
    let (side, high) = (source.width, source.height)
    let rows = max((indices.count + columns - 1) / columns, 1)
    let width = columns * 2 * side
    var samples = [UInt8](repeating: 0, count: 3 * width * rows * high)
    for (place, index) in indices.enumerated() {
      let sample = source.sample(index)
      let picture = sample.picture
      let (row, column) = place.quotientAndRemainder(dividingBy: columns)
      for y in 0..<high {
        for x in 0..<side {
          let pixel = y * side + x
          let left = 3 * ((row * high + y) * width + 2 * column * side + x)
          for channel in 0..<3 {
            let plane = min(channel, picture.channels - 1) * picture.pixelCount
            samples[left + channel] = UInt8((picture.values[plane + pixel] * 255).rounded())
            samples[left + 3 * side + channel] = UInt8((sample.mask[pixel] * 255).rounded())
          }
        }
      }
    }
    return Picture(width: width, height: rows * high, channels: 3, samples: .eightBit(samples))
  }
}
