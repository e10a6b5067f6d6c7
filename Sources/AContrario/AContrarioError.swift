/// What is wrong with the numbers handed to a test.
public enum AContrarioError: Error, Equatable, CustomStringConvertible {
  /// A grid has another number of values than its declared shape asks for, or a shape no grid can have.
  case wrongShape(String)
  /// A value is NaN or infinite. `index` counts pixels in row-major order.
  case notFinite(index: Int)
  /// A test was asked of no scale at all.
  case noScales
  /// The block test needs the number of exceeding channels per pixel; only energies were given.
  case noExceedances

  /// One sentence that says what is wrong.
  public var description: String {
    switch self {
    case .wrongShape(let what): what
    case .notFinite(let index):
      "the latent variables are not finite at pixel \(index) (row-major): "
        + "the model's weights or its input contain NaN, infinite or huge values"
    case .noScales: "a test needs the latent variables of at least one scale"
    case .noExceedances:
      "the block test needs the latent variables themselves, not only their energies"
    }
  }
}

/// Checks that `count` values fill a grid, and that its pixels can be indexed by 32-bit integers.
func checkShape(channels: Int = 1, height: Int, width: Int, count: Int) throws(AContrarioError) {
  let (pixels, overflow) = height.multipliedReportingOverflow(by: width)
  let (values, tooMany) = pixels.multipliedReportingOverflow(by: channels)
  guard channels > 0, height > 0, width > 0, !overflow, !tooMany, pixels < Int(Int32.max) else {
    throw .wrongShape("\(channels) x \(height) x \(width) is not the shape of a grid")
  }
  guard values == count else {
    throw .wrongShape("\(count) values do not fill a grid of \(channels) x \(height) x \(width)")
  }
}
