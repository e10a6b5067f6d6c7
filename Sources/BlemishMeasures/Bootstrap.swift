import BlemishSupport

/// Bootstrap intervals around what is measured on pictures: as many pictures are drawn with replacement.
///
/// Anomalous and normal pictures are drawn apart, so that each draw has as many of both as there are.
package struct Bootstrap: Sendable {
  /// The share of draws within an interval.
  package var level = 0.95
  /// The number of draws.
  package var resamples: Int
  /// Equal seeds give equal intervals.
  package var seed: UInt64

  /// Draws to be made.
  package init(resamples: Int = 1000, seed: UInt64 = 0) {
    self.resamples = resamples
    self.seed = seed
  }

  /// The interval (percentiles) of a statistic of pictures.
  ///
  /// - Parameters:
  ///   - anomalous: which pictures are anomalous.
  ///   - statistic: from how often each picture was drawn; nil where it is not defined.
  /// - Returns: nil where the statistic is not defined for some draw, nothing is drawn, or there is but one picture of
  ///   each kind.
  package func interval(anomalous: [Bool], _ statistic: ([Int]) -> Double?) -> ClosedRange<Double>? {
    intervals(anomalous: anomalous) { [statistic($0)] }.first ?? nil
  }

  /// The intervals of several statistics of the same draws.
  func intervals(anomalous: [Bool], _ statistics: ([Int]) -> [Double?]) -> [ClosedRange<Double>?] {
    guard !anomalous.isEmpty, resamples > 0 else { return [] }
    let strata = [true, false].map { kind in anomalous.indices.filter { anomalous[$0] == kind } }
    // Drawn anew, one picture of a kind is the same one again: nothing varies, which is no certainty.
    guard strata.contains(where: { $0.count > 1 }) else { return [] }
    var generator = RandomStream(seed: seed)
    var draws: [[Double?]] = []
    for _ in 0..<resamples {
      var drawn = [Int](repeating: 0, count: anomalous.count)
      for stratum in strata where !stratum.isEmpty {
        for _ in stratum { drawn[stratum[Int.random(in: stratum.indices, using: &generator)]] += 1 }
      }
      draws.append(statistics(drawn))
    }
    return draws[0].indices.map { place in
      let values = draws.compactMap { $0[place] }
      return values.count == resamples ? percentileInterval(of: values, level: level) : nil
    }
  }
}

/// The interval that leaves an equal share of values out at both ends.
func percentileInterval(of values: [Double], level: Double) -> ClosedRange<Double> {
  let sorted = values.sorted()
  let tail = Int(((1 - level) / 2 * Double(sorted.count - 1)).rounded())
  return sorted[tail]...sorted[sorted.count - 1 - tail]
}
