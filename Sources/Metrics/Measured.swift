/// A metric's value, or why there is none.
public enum Measured: Sendable, Equatable {
  /// The value.
  case value(Double)
  /// The metric is not defined for this data, and why not.
  case unavailable(reason: String)

  /// The value, if there is one.
  public var value: Double? {
    guard case .value(let value) = self else { return nil }
    return value
  }

  /// Why there is no value, if there is none.
  public var reason: String? {
    guard case .unavailable(let reason) = self else { return nil }
    return reason
  }
}

/// What is wrong with the scores handed to a metric, or with keeping them.
public enum MetricsError: Error, Equatable, CustomStringConvertible {
  /// A score or threshold is not a number. `index` counts within the scores handed over.
  case notANumber(index: Int)
  /// Scores and labels, or scores and shape, differ in number.
  case wrongCount(String)
  /// Scores could not be written to or read from a temporary file.
  case temporaryFile(path: String, reason: String)

  /// One sentence that says what is wrong.
  public var description: String {
    switch self {
    case .notANumber(let index): "score \(index) is not a number; scores that are NaN have no order"
    case .wrongCount(let what): what
    case .temporaryFile(let path, let reason):
      "scores cannot be kept in a temporary file in \(path): \(reason); "
        + "set TMPDIR to a folder with free space"
    }
  }
}
