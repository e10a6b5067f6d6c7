/// A curve for plotting, thinned to what a plot can show. Measures never read it: they see every point.
public struct Curve: Sendable, Equatable {
  /// One point, with the threshold that gives it: what is above it is called anomalous.
  public struct Point: Sendable, Equatable {
    /// The false-positive rate, or the recall of a precision-recall curve.
    public let x: Double
    /// The true-positive rate, the precision, or the per-region overlap.
    public let y: Double
    /// The threshold.
    public let threshold: Float
  }

  /// The points, by falling threshold.
  public private(set) var points: [Point] = []

  private static let resolution = 1.0 / 512
  private var latest: Point?

  init() {}

  /// Adds the next point and keeps it if it lies visibly away from the one before.
  @inline(__always)
  mutating func append(x: Double, y: Double, threshold: Float) {
    if let last = points.last, abs(x - last.x) < Self.resolution, abs(y - last.y) < Self.resolution {
      latest = Point(x: x, y: y, threshold: threshold)
    } else {
      points.append(Point(x: x, y: y, threshold: threshold))
      latest = nil
    }
  }

  /// Keeps the last point in any case.
  mutating func finish() {
    if let latest { points.append(latest) }
    latest = nil
  }
}
