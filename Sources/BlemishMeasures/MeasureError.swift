import Foundation

/// What is wrong with the scores handed to a measure, or with keeping them.
public enum MeasureError: Error, Equatable {
  /// A score is not a number. `index` counts within the scores handed over.
  case notANumber(index: Int)
  /// A threshold is not a number.
  case thresholdNotANumber
  /// There is no score at all.
  case noScores
  /// So many scores are no map of so many columns.
  case mapShape(scores: Int, width: Int)
  /// A map has another number of scores than its mask has pixels.
  case maskSize(scores: Int, mask: Int)
  /// There are other numbers of scores and of labels.
  case labelCount(scores: Int, labels: Int)
  /// The rate up to which the per-region overlap counts is not in (0, 1].
  case overlapLimit(Double)
  /// A temporary file for scores could not be made, written or read. `code` is the system's error number; nil
  /// where the file has become shorter.
  case temporaryFile(folder: String, code: Int32?)
}

extension MeasureError: CustomStringConvertible {
  /// One sentence that says what is wrong.
  public var description: String {
    switch self {
    case .notANumber(let index): "score \(index) is not a number; scores that are NaN have no order"
    case .thresholdNotANumber: "the threshold is not a number"
    case .noScores: "there are no scores"
    case .mapShape(let scores, let width): "\(scores) scores are not a map of \(width) columns"
    case .maskSize(let scores, let mask):
      "\(scores) scores cannot be compared with a mask of \(mask) pixels"
    case .labelCount(let scores, let labels): "\(scores) scores cannot be compared with \(labels) labels"
    case .overlapLimit(let limit): "a false-positive rate of \(limit) is not above 0 and at most 1"
    case .temporaryFile(let folder, let code):
      "scores cannot be kept in a temporary file in \(folder): "
        + (code.map { String(cString: strerror($0)) } ?? "it was cut short")
    }
  }
}
