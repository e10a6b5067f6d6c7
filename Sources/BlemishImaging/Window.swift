/// A rectangle of a picture's pixels, with numbers for them.
struct Window {
  /// The rows of the picture.
  let rows: Range<Int>
  /// The columns of the picture.
  let columns: Range<Int>

  var width: Int { columns.count }
  var height: Int { rows.count }
  var count: Int { width * height }

  /// The rows and columns within a distance of some of a picture's.
  init(rows: Range<Int>, columns: Range<Int>, margin: Int, in size: (height: Int, width: Int)) {
    self.rows = max(rows.lowerBound - margin, 0)..<min(rows.upperBound + margin, size.height)
    self.columns = max(columns.lowerBound - margin, 0)..<min(columns.upperBound + margin, size.width)
  }

  /// One value for every pixel of the window, row-major, from the picture's index of the pixel.
  func map<Value>(pictureWidth: Int, _ value: (Int) -> Value) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for row in rows {
      for column in columns { values.append(value(row * pictureWidth + column)) }
    }
    return values
  }

  /// The pixels within some rows and columns of those that are marked, and these.
  func grown(_ marked: [Bool], by distance: Int) -> [Bool] {
    let numbers = marked.map { $0 ? Float(1) : 0 }
    return highest(numbers, within: distance).map { $0 > 0 }
  }

  /// The highest value within some rows and columns of each pixel.
  func highest(_ values: [Float], within distance: Int) -> [Float] {
    guard distance > 0 else { return values }
    var across = values
    for y in 0..<height {
      let row = y * width
      for x in 0..<width {
        var most = values[row + x]
        for other in max(x - distance, 0)...min(x + distance, width - 1) {
          most = max(most, values[row + other])
        }
        across[row + x] = most
      }
    }
    var result = across
    for y in 0..<height {
      for other in max(y - distance, 0)...min(y + distance, height - 1) where other != y {
        for x in 0..<width { result[y * width + x] = max(result[y * width + x], across[other * width + x]) }
      }
    }
    return result
  }

  /// Values blurred by three means over boxes, which are nearly a Gaussian; at borders the last pixel goes on.
  func blurred<Value: SIMD>(_ values: [Value], deviation: Float) -> [Value] where Value.Scalar == Float {
    // Three boxes of 2 r + 1 pixels have a variance of r (r + 1).
    let radius = max(Int((deviation * deviation + 0.25).squareRoot() - 0.5 + 0.5), 1)
    var values = values
    for _ in 0..<3 {
      values = boxed(values, radius, lines: height, length: width, step: 1, lineStep: width)
      values = boxed(values, radius, lines: width, length: height, step: width, lineStep: 1)
    }
    return values
  }

  private func boxed<Value: SIMD>(
    _ values: [Value], _ radius: Int, lines: Int, length: Int, step: Int, lineStep: Int
  ) -> [Value] where Value.Scalar == Float {
    var result = values
    let scale = 1 / Float(2 * radius + 1)
    values.withUnsafeBufferPointer { values in
      result.withUnsafeMutableBufferPointer { result in
        for line in 0..<lines {
          let start = line * lineStep
          func value(_ place: Int) -> Value { values[start + min(max(place, 0), length - 1) * step] }
          var sum = Value.zero
          for place in -radius...radius { sum += value(place) }
          for place in 0..<length {
            result[start + place * step] = sum * scale
            sum += value(place + radius + 1) - value(place - radius)
          }
        }
      }
    }
    return result
  }

  /// Values blurred with weights of `share`, `1 - 2 share` and `share` along each side: a variance of 2 share.
  func softened<Value: SIMD>(_ values: [Value], share: Float) -> [Value] where Value.Scalar == Float {
    var across = values
    for y in 0..<height {
      for x in 0..<width {
        let (row, left, right) = (y * width, max(x - 1, 0), min(x + 1, width - 1))
        across[row + x] =
          values[row + x] * (1 - 2 * share) + (values[row + left] + values[row + right]) * share
      }
    }
    var result = across
    for y in 0..<height {
      let (above, below) = (max(y - 1, 0) * width, min(y + 1, height - 1) * width)
      for x in 0..<width {
        result[y * width + x] =
          across[y * width + x] * (1 - 2 * share) + (across[above + x] + across[below + x]) * share
      }
    }
    return result
  }

  /// Numbers blurred as ``softened(_:share:)`` does.
  func softened(_ values: [Float], share: Float) -> [Float] {
    softened(values.map { SIMD2($0, 0) }, share: share).map(\.x)
  }
}
