/// A linear map of a few numbers, which Winograd's algorithm applies along the columns and then along the rows of a
/// tile; here of four channels at a time.
protocol LineTransform {
  /// How many numbers go in.
  static var inputs: Int { get }
  /// How many come out.
  static var outputs: Int { get }
  /// The map of the numbers of x for y.
  static func apply(_ x: Line, _ y: MutableLine)
}

/// Numbers at equal distances, four channels of each, that a map is of.
struct Line {
  fileprivate let start: UnsafePointer<Float>
  fileprivate let step: Int

  @inline(__always)
  init(_ start: UnsafePointer<Float>, step: Int) { (self.start, self.step) = (start, step) }

  @inline(__always)
  fileprivate subscript(_ index: Int) -> Float4 { load(start + index * step) }
}

/// Places at equal distances, for four channels of each number that a map gives.
struct MutableLine {
  fileprivate let start: UnsafeMutablePointer<Float>
  fileprivate let step: Int

  @inline(__always)
  init(_ start: UnsafeMutablePointer<Float>, step: Int) { (self.start, self.step) = (start, step) }

  @inline(__always)
  fileprivate subscript(_ index: Int) -> Float4 {
    get { load(start + index * step) }
    nonmutating set { store(newValue, start + index * step) }
  }
}

extension LineTransform {
  /// The map along the columns and then the rows of a tile of `inputs x inputs` pixels, for all channels.
  /// - Parameters:
  ///   - x: the first channel of the first pixel; rows of pixels lie `row` numbers apart, pixels `column`.
  ///   - y: where `outputs x outputs` pixels go, `step` numbers apart.
  ///   - channels: how many, at least four; sixteen at a time, so that lines of the cache are read and written whole.
  @inline(__always)
  static func apply(
    from x: UnsafePointer<Float>, row: Int, column: Int, to y: UnsafeMutablePointer<Float>, step: Int,
    channels: Int
  ) {
    withTemporaryFloats(16 * inputs * outputs) { between in
      @inline(__always)
      func transform(_ first: Int, _ count: Int) {
        for j in 0..<inputs {
          for channel in stride(from: 0, to: count, by: 4) {
            apply(
              Line(x + (j * column + first + channel), step: row),
              MutableLine(between + (16 * j + channel), step: 16 * inputs))
          }
        }
        for i in 0..<outputs {
          for channel in stride(from: 0, to: count, by: 4) {
            apply(
              Line(between + (16 * inputs * i + channel), step: 16),
              MutableLine(y + (i * outputs * step + first + channel), step: step))
          }
        }
      }
      let whole = channels & ~15
      for first in stride(from: 0, to: whole, by: 16) { transform(first, 16) }
      transform(whole, (channels - whole) & ~3)
      // What is left goes with some that are done already.
      if channels % 4 != 0 { transform(channels - 4, 4) }
    }
  }
}

private var sixth: Float { 1 / 6 }

// The five maps of F(4, 3) with the points 0, 1, -1, 2, -2 and infinity (Lavin and Gray, arXiv 1509.09308, 4.3): four
// results of a filter of three taps from six numbers by six products,
// `y = transposed(A) ((G g) * (transposed(B) d))`.

/// `transposed(B)`: six numbers of a line, for the products.
enum InputTransform: LineTransform {
  static var inputs: Int { 6 }
  static var outputs: Int { 6 }
  @inline(__always)
  static func apply(_ x: Line, _ y: MutableLine) {
    let (d0, d1, d2) = (x[0], x[1], x[2])
    let (d3, d4, d5) = (x[3], x[4], x[5])
    y[0] = 4 * d0 - 5 * d2 + d4
    let (a, b) = (d4 - 4 * d2, d3 - 4 * d1)
    y[1] = a + b
    y[2] = a - b
    let (c, e) = (d4 - d2, 2 * (d3 - d1))
    y[3] = c + e
    y[4] = c - e
    y[5] = 4 * d1 - 5 * d3 + d5
  }
}

/// `transposed(A)`: six products to four results.
enum OutputTransform: LineTransform {
  static var inputs: Int { 6 }
  static var outputs: Int { 4 }
  @inline(__always)
  static func apply(_ x: Line, _ y: MutableLine) {
    let (m1, m2, m3, m4) = (x[1], x[2], x[3], x[4])
    let (a, b) = (m1 + m2, m1 - m2)
    let (c, d) = (m3 + m4, m3 - m4)
    y[0] = x[0] + a + c
    y[1] = b + 2 * d
    y[2] = a + 4 * c
    y[3] = b + 8 * d + x[5]
  }
}

/// G: three taps of a filter, for the products.
enum FilterTransform: LineTransform {
  static var inputs: Int { 3 }
  static var outputs: Int { 6 }
  @inline(__always)
  static func apply(_ x: Line, _ y: MutableLine) {
    let (g0, g1, g2) = (x[0], x[1], x[2])
    y[0] = 0.25 * g0
    let (a, b) = (-sixth * (g0 + g2), sixth * g1)
    y[1] = a - b
    y[2] = a + b
    let (c, d) = (0.25 * sixth * g0 + sixth * g2, 0.5 * sixth * g1)
    y[3] = c + d
    y[4] = c - d
    y[5] = g2
  }
}

/// A: gradients of four results, for the products.
enum OutputGradientTransform: LineTransform {
  static var inputs: Int { 4 }
  static var outputs: Int { 6 }
  @inline(__always)
  static func apply(_ x: Line, _ y: MutableLine) {
    let (y0, y1, y2, y3) = (x[0], x[1], x[2], x[3])
    y[0] = y0
    let (a, b) = (y0 + y2, y1 + y3)
    y[1] = a + b
    y[2] = a - b
    let (c, d) = (y0 + 4 * y2, 2 * y1 + 8 * y3)
    y[3] = c + d
    y[4] = c - d
    y[5] = y3
  }
}

/// `transposed(G)`: gradients of six products to those of three taps.
enum FilterGradientTransform: LineTransform {
  static var inputs: Int { 6 }
  static var outputs: Int { 3 }
  @inline(__always)
  static func apply(_ x: Line, _ y: MutableLine) {
    let (u1, u2, u3, u4) = (x[1], x[2], x[3], x[4])
    let (a, b) = (-sixth * (u1 + u2), sixth * (u3 + u4))
    y[0] = 0.25 * (x[0] + b) + a
    y[1] = sixth * (u2 - u1) + 0.5 * sixth * (u3 - u4)
    y[2] = a + b + x[5]
  }
}
