import Testing

/// Records an issue unless the arrays have the same length, NaN and infinity in the same places, and everywhere
/// else differ by at most the absolute tolerance plus the relative one times the largest finite magnitude of
/// `expected`.
public func expectClose(
  _ actual: [Double],
  _ expected: [Double],
  relativeTolerance: Double,
  absoluteTolerance: Double = 0,
  _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let name = what.isEmpty ? "the values" : what
  guard actual.count == expected.count else {
    Issue.record("\(name): \(actual.count) values, not \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var largest = 0.0
  for value in expected where value.isFinite && value.magnitude > largest { largest = value.magnitude }
  let tolerance = absoluteTolerance + relativeTolerance * largest
  var failures = 0
  var worst = 0
  var worstDifference = 0.0
  for index in expected.indices {
    let (a, b) = (actual[index], expected[index])
    // Equality covers infinities, whose difference is NaN; a NaN on one side only counts as infinitely wrong.
    var difference = a == b || (a.isNaN && b.isNaN) ? 0 : (a - b).magnitude
    if difference.isNaN { difference = .infinity }
    if difference > tolerance { failures += 1 }
    if difference > worstDifference { (worst, worstDifference) = (index, difference) }
  }
  if failures > 0 {
    Issue.record(
      """
      \(name): \(failures) of \(expected.count) values differ by more than \(tolerance); the worst, at \
      \(worst), is \(actual[worst]) instead of \(expected[worst])
      """,
      sourceLocation: sourceLocation
    )
  }
}

/// The same for float32 values.
public func expectClose(
  _ actual: [Float],
  _ expected: [Float],
  relativeTolerance: Double,
  absoluteTolerance: Double = 0,
  _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(
    actual.map(Double.init),
    expected.map(Double.init),
    relativeTolerance: relativeTolerance,
    absoluteTolerance: absoluteTolerance,
    what,
    sourceLocation: sourceLocation
  )
}
