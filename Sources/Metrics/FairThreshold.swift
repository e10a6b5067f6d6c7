/// The threshold for scores without a test that gives at most one false positive pixel on each normal training
/// picture, when scores above it are called anomalous: the largest of all pictures' second-largest scores.
public struct FairThreshold: Sendable {
  /// The threshold; nil before the first picture.
  public private(set) var value: Float?

  /// A threshold to which no picture was shown.
  public init() {}

  /// Shows one normal training picture's map.
  ///
  /// - Throws: `MetricsError` where a score is NaN.
  public mutating func add(scores: [Float]) throws(MetricsError) {
    if let index = scores.firstIndex(where: \.isNaN) { throw .notANumber(index: index) }
    var largest = -Float.infinity
    var second = -Float.infinity
    for score in scores where score > second {
      second = min(score, largest)
      largest = max(score, largest)
    }
    value = max(value ?? second, second)
  }
}
