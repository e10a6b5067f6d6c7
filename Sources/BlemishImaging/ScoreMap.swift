/// One number for each pixel, such as an anomaly map. `[height, width]`, row-major.
public struct ScoreMap: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `height * width` numbers, row-major.
  public let values: [Float]

  /// A map from its values. Sizes that do not belong together are a programming error and trap.
  public init(width: Int, height: Int, values: [Float]) {
    precondition(
      width > 0 && height > 0 && values.count == width * height,
      "a map needs a value for every pixel"
    )
    self.width = width
    self.height = height
    self.values = values
  }

  /// The map at another size by bilinear interpolation, corners not aligned and without antialiasing: PyTorch's
  /// `interpolate(mode: bilinear, align_corners: false)`.
  public func resized(width targetWidth: Int, height targetHeight: Int) -> ScoreMap {
    precondition(targetWidth > 0 && targetHeight > 0, "a map has at least one pixel")
    guard (targetWidth, targetHeight) != (width, height) else { return self }
    let columns = interpolation(from: width, to: targetWidth)
    let rows = interpolation(from: height, to: targetHeight)
    let count = targetWidth * targetHeight
    let resized = [Float](unsafeUninitializedCapacity: count) { target, initializedCount in
      values.withUnsafeBufferPointer { values in
        for (y, row) in rows.enumerated() {
          let upper = values.baseAddress! + row.first * width
          let lower = values.baseAddress! + row.second * width
          let output = target.baseAddress! + y * targetWidth
          for x in 0..<targetWidth {
            let column = columns[x]
            let top = upper[column.first] * (1 - column.fraction) + upper[column.second] * column.fraction
            let bottom = lower[column.first] * (1 - column.fraction) + lower[column.second] * column.fraction
            output[x] = top * (1 - row.fraction) + bottom * row.fraction
          }
        }
      }
      initializedCount = count
    }
    return ScoreMap(width: targetWidth, height: targetHeight, values: resized)
  }

  private func interpolation(
    from source: Int,
    to target: Int
  ) -> [(first: Int, second: Int, fraction: Float)] {
    let scale = Float(source) / Float(target)
    return (0..<target).map { index in
      let position = max((Float(index) + 0.5) * scale - 0.5, 0)
      let first = min(Int(position), source - 1)
      return (first, min(first + 1, source - 1), position - Float(first))
    }
  }
}
