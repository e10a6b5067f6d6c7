/// A field of numbers on the pixels of a picture, `[height, width]`, row-major.
struct Plane: Sendable, Equatable {
  let width: Int
  let height: Int
  var values: [Float]

  init(width: Int, height: Int, repeating value: Float = 0) {
    self.width = width
    self.height = height
    values = [Float](repeating: value, count: width * height)
  }

  /// A field that a function of the place fills row by row.
  init(width: Int, height: Int, _ fill: (_ y: Int, _ row: UnsafeMutablePointer<Float>) -> Void) {
    self.width = width
    self.height = height
    values = [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
      for y in 0..<height { fill(y, buffer.baseAddress! + y * width) }
      count = width * height
    }
  }

  /// One channel of a picture.
  init(_ picture: FloatPicture, channel: Int) {
    width = picture.width
    height = picture.height
    values = Array(picture.values[channel * picture.pixelCount..<(channel + 1) * picture.pixelCount])
  }

  /// Independent numbers of mean 0 and standard deviation 1.
  static func white(width: Int, height: Int, _ random: inout SynthesisRandom) -> Plane {
    Plane(width: width, height: height) { _, row in
      for x in 0..<width { row[x] = random.normal() }
    }
  }

  /// Replaces every number.
  @inline(__always)
  mutating func map(_ transform: (Float) -> Float) {
    values.withUnsafeMutableBufferPointer { values in
      for index in values.indices { values[index] = transform(values[index]) }
    }
  }

  /// Replaces every number by a function of it and of another field's there.
  @inline(__always)
  mutating func combine(_ other: Plane, _ transform: (Float, Float) -> Float) {
    other.values.withUnsafeBufferPointer { other in
      values.withUnsafeMutableBufferPointer { values in
        for index in values.indices { values[index] = transform(values[index], other[index]) }
      }
    }
  }

  /// Goes from this field, where `coverage` is 0, to another, where it is 1.
  mutating func blend(_ other: Plane, coverage: Plane) {
    values.withUnsafeMutableBufferPointer { values in
      other.values.withUnsafeBufferPointer { other in
        coverage.values.withUnsafeBufferPointer { coverage in
          for index in values.indices { values[index] += (other[index] - values[index]) * coverage[index] }
        }
      }
    }
  }

  /// Shifts and scales the numbers to mean 0 and standard deviation 1; a constant field becomes 0.
  mutating func standardize() {
    // Four sums at a time: one alone would wait for itself at every step.
    var sum = SIMD4<Float>.zero
    var squares = SIMD4<Float>.zero
    values.withUnsafeBufferPointer { values in
      for index in stride(from: 0, to: values.count - 3, by: 4) {
        let four = SIMD4(values[index], values[index + 1], values[index + 2], values[index + 3])
        sum += four
        squares += four * four
      }
    }
    let count = Float(max(values.count / 4 * 4, 1))
    let mean = sum.sum() / count
    let variance = max(squares.sum() / count - mean * mean, 0)
    let factor = variance > 1e-10 ? 1 / variance.squareRoot() : 0
    map { ($0 - mean) * factor }
  }

  /// The field mirrored at its main diagonal.
  var transposed: Plane {
    values.withUnsafeBufferPointer { values in
      Plane(width: height, height: width) { y, row in
        for x in 0..<height { row[x] = values[x * width + y] }
      }
    }
  }
}

/// A number limited to 0...1.
@inline(__always)
func saturate(_ value: Float) -> Float { min(max(value, 0), 1) }
