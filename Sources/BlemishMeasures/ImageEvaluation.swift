import Foundation

/// How well the scores of whole pictures tell anomalous pictures from normal ones.
package struct ImageEvaluation: Sendable {
  /// AUROC, average precision, best F1 and the curves.
  package let ranking: Ranking
  private let anomalous: [Bool]
  /// Per distinct score, from the highest down, which pictures have it.
  private let groups: [(positives: [Int], negatives: [Int])]

  /// Evaluates one score per picture.
  ///
  /// - Parameters:
  ///   - scores: the higher, the more anomalous.
  ///   - anomalous: the truth.
  /// - Throws: `MeasureError` where the numbers differ or a score is NaN.
  package init(scores: [Float], anomalous: [Bool]) throws(MeasureError) {
    guard scores.count == anomalous.count else {
      throw .labelCount(scores: scores.count, labels: anomalous.count)
    }
    if let index = scores.firstIndex(where: \.isNaN) { throw .notANumber(index: index) }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let total = anomalous.count { $0 }
    var sweep = RankingSweep(positives: total, negatives: scores.count - total)
    var groups: [(positives: [Int], negatives: [Int])] = []
    var start = 0
    while start < order.count {
      let score = scores[order[start]]
      let end = order[start...].firstIndex { scores[$0] != score } ?? order.count
      let tied = order[start..<end]
      let group = (positives: tied.filter { anomalous[$0] }, negatives: tied.filter { !anomalous[$0] })
      sweep.add(positives: group.positives.count, negatives: group.negatives.count, score: score)
      groups.append(group)
      start = end
    }
    self.anomalous = anomalous
    self.groups = groups
    ranking = sweep.finish("pictures")
  }

  /// The interval of the AUROC when pictures are drawn anew.
  /// - Returns: nil where the AUROC is unavailable.
  package func aurocInterval(_ bootstrap: Bootstrap) -> ClosedRange<Double>? {
    guard ranking.auroc.value != nil else { return nil }
    return bootstrap.interval(anomalous: anomalous) { drawn in
      var above = 0
      var pairs = 0
      for group in groups {
        let new = group.positives.reduce(0) { $0 + drawn[$1] }
        pairs += group.negatives.reduce(0) { $0 + drawn[$1] } * (2 * above + new)
        above += new
      }
      return Double(pairs) / (2 * Double(ranking.positives) * Double(ranking.negatives))
    }
  }
}
