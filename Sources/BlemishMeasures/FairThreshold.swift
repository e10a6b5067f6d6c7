/// A threshold for scores without a test, found on normal training pictures.
///
/// It is the largest of all pictures' second-largest scores. So calling scores above it anomalous gives at most one
/// false positive pixel on each of them.
package struct FairThreshold: Sendable {
  /// The threshold; nil before the first picture.
  package private(set) var value: Float?

  /// A threshold to which no picture was shown.
  package init() {}

  /// Shows one normal training picture's map.
  ///
  /// - Throws: ``MeasureError`` where there are no scores or a score is NaN.
  package mutating func add(scores: [Float]) throws(MeasureError) {
    guard !scores.isEmpty else { throw .noScores }
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
