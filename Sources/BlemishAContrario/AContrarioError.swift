/// What is wrong with the numbers handed to a test, or with what it was to learn from.
public enum AContrarioError: Error, Equatable {
  /// The shape of a grid.
  public struct Shape: Sendable, Equatable {
    /// Channels; 1 for a grid of single numbers.
    public let channels: Int
    /// Rows.
    public let height: Int
    /// Columns.
    public let width: Int

    package init(channels: Int = 1, height: Int, width: Int) {
      self.channels = channels
      self.height = height
      self.width = width
    }
  }

  /// No grid can have this shape: a side is not positive, or there are 2^31 pixels or more.
  case invalidShape(Shape)
  /// So many values do not fill a grid of this shape.
  case valueCount(Int, shape: Shape)
  /// A scale has another number of rows or columns than what was learnt.
  case gridSize(expected: Shape, found: Shape)
  /// A picture has another number of scales than the first picture, or than what was learnt.
  case scaleCount(expected: Int, found: Int)
  /// There is no scale at all.
  case noScales
  /// A value is NaN or infinite. `index` counts pixels in row-major order.
  case notFinite(index: Int)
  /// There are fewer pictures than a law can be learnt from, or drift be judged by.
  case tooFewPictures(count: Int, least: Int)
  /// There are enough pictures, but too few of different content: the others repeat them to the bit.
  case identicalPictures(count: Int, distinct: Int)
  /// The energies of a scale (counted from 0) are the same at every place of every picture, or too small to tell
  /// apart. Such a scale says nothing of how much good pictures differ.
  case noVariation(scale: Int)
  /// So few regions stand out in all pictures together that their heights have no law.
  case tooFewRegions(count: Int, least: Int)
  /// The highest regions of all pictures, so many, are equally high: there is no tail to fit a law to.
  case equalHeights(count: Int)
}

extension AContrarioError: CustomStringConvertible {
  /// One sentence that says what is wrong.
  public var description: String {
    switch self {
    case .invalidShape(let shape): "\(shape) is not the shape of a grid"
    case .valueCount(let count, let shape): "\(count) values do not fill a grid of \(shape)"
    case .gridSize(let expected, let found):
      "the test has learnt grids of \(expected.height) x \(expected.width), but the picture's is "
        + "\(found.height) x \(found.width)"
    case .scaleCount(let expected, let found):
      "a picture has \(found) scales where \(expected) are expected"
    case .noScales: "a test needs the energies of at least one scale"
    case .notFinite(let index):
      "the energies are not finite at pixel \(index) (row-major): "
        + "the model's weights or its input contain NaN, infinite or huge values"
    case .tooFewPictures(let count, let least):
      "\(count == 0 ? "no picture is" : count == 1 ? "one picture is" : "\(count) pictures are") "
        + "too few: at least \(least) are needed"
    case .identicalPictures(let count, let distinct):
      "of \(count) pictures only \(distinct) \(distinct == 1 ? "is" : "are") distinct: "
        + "the others repeat \(distinct == 1 ? "it" : "them") exactly, and how much good pictures differ is not known"
    case .noVariation(let scale):
      "the energies of scale \(scale) do not vary: how much good pictures differ is not known"
    case .tooFewRegions(let count, let least):
      "only \(count) regions stand out in all pictures together, and at least \(least) are needed: "
        + "how high the regions of good pictures are is not known"
    case .equalHeights(let count):
      "the \(count) highest regions are all equally high: how high the regions of good pictures can be is not known"
    }
  }
}

extension AContrarioError.Shape: CustomStringConvertible {
  /// The sides, for instance `16 x 32 x 32`.
  public var description: String { "\(channels) x \(height) x \(width)" }
}

/// Checks that `count` values fill a grid, and that its pixels can be indexed by 32-bit integers.
func checkShape(channels: Int = 1, height: Int, width: Int, count: Int) throws(AContrarioError) {
  try checkSize(channels: channels, height: height, width: width)
  guard channels * height * width == count else {
    throw .valueCount(count, shape: .init(channels: channels, height: height, width: width))
  }
}

/// Checks that a grid can have these sides, and that its pixels can be indexed by 32-bit integers.
func checkSize(channels: Int = 1, height: Int, width: Int) throws(AContrarioError) {
  let (pixels, overflow) = height.multipliedReportingOverflow(by: width)
  let (_, tooMany) = pixels.multipliedReportingOverflow(by: channels)
  guard channels > 0, height > 0, width > 0, !overflow, !tooMany, pixels < Int(Int32.max) else {
    throw .invalidShape(.init(channels: channels, height: height, width: width))
  }
}
