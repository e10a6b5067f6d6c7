import Foundation

/// How well the scores of whole pictures tell anomalous pictures from normal ones.
public struct ImageEvaluation: Sendable {
  /// AUROC, average precision, best F1 and the curves.
  public let ranking: Ranking
  // Per distinct score, from the highest down, which pictures have it, anomalous and normal ones numbered apart.
  private let groups: [(positives: Range<Int>, negatives: Range<Int>)]

  /// Evaluates one score per picture.
  ///
  /// - Parameters:
  ///   - scores: the higher, the more anomalous.
  ///   - anomalous: the truth.
  /// - Throws: `MetricsError` where the numbers differ or a score is NaN.
  public init(scores: [Float], anomalous: [Bool]) throws(MetricsError) {
    guard scores.count == anomalous.count else {
      throw .wrongCount("\(scores.count) scores cannot be set against \(anomalous.count) labels")
    }
    if let index = scores.firstIndex(where: \.isNaN) { throw .notANumber(index: index) }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let total = anomalous.count { $0 }
    var sweep = RankingSweep(positives: total, negatives: scores.count - total)
    var groups: [(positives: Range<Int>, negatives: Range<Int>)] = []
    var start = 0
    while start < order.count {
      let score = scores[order[start]]
      let end = order[start...].firstIndex { scores[$0] != score } ?? order.count
      let positives = order[start..<end].count { anomalous[$0] }
      let seen = (sweep.truePositives, sweep.falsePositives)
      sweep.add(positives: positives, negatives: end - start - positives, score: score)
      groups.append((seen.0..<sweep.truePositives, seen.1..<sweep.falsePositives))
      start = end
    }
    self.groups = groups
    ranking = sweep.finish("pictures")
  }

  /// A bootstrap percentile interval of the AUROC: pictures are drawn anew with replacement, anomalous and
  /// normal ones apart, so that each draw has both.
  ///
  /// - Parameters:
  ///   - level: the share of draws within the interval.
  ///   - resamples: the number of draws.
  ///   - seed: equal seeds give equal intervals.
  /// - Returns: nil where the AUROC is unavailable.
  public func aurocInterval(level: Double = 0.95, resamples: Int = 2000, seed: UInt64 = 0) -> ClosedRange<
    Double
  >? {
    guard ranking.auroc.value != nil, resamples > 0, level > 0, level < 1 else { return nil }
    var generator = SplitMix64(state: seed)
    func draws(_ count: Int) -> [Int] {
      var draws = [Int](repeating: 0, count: count)
      for _ in 0..<count { draws[Int.random(in: 0..<count, using: &generator)] += 1 }
      return draws
    }
    let areas = (0..<resamples).map { _ in
      let positives = draws(ranking.positives)
      let negatives = draws(ranking.negatives)
      var above = 0
      var pairs = 0
      for group in groups {
        let new = positives[group.positives].reduce(0, +)
        pairs += negatives[group.negatives].reduce(0, +) * (2 * above + new)
        above += new
      }
      return Double(pairs) / (2 * Double(ranking.positives) * Double(ranking.negatives))
    }
    return percentileInterval(of: areas, level: level)
  }
}

/// Steele, Lea and Flood's generator: the same numbers on every machine.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
