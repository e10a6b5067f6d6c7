/// How well scores rank anomalous items above normal ones; items are pixels or pictures.
package struct Ranking: Sendable {
  /// The number of anomalous items.
  package let positives: Int
  /// The number of normal items.
  package let negatives: Int
  /// The area under the ROC curve, by trapezoids. It is the probability that an anomalous item scores above a normal
  /// one, ties counted half (Mann and Whitney).
  package let auroc: Measured
  /// The average precision, the area under the precision-recall curve as a sum of steps,
  /// `Σ (recallₖ - recallₖ₋₁) · precisionₖ` over the distinct scores.
  package let averagePrecision: Measured
  /// The largest harmonic mean of precision and recall over all thresholds.
  package let bestF1: Measured
  /// The threshold of `bestF1`: scores above it are called anomalous.
  package let bestF1Threshold: Float
  /// False-positive rate and true-positive rate; empty where AUROC is unavailable.
  package let roc: Curve
  /// Recall and precision; empty where there is no anomalous item.
  package let precisionRecall: Curve
}

/// The measures of `Ranking` in one pass over the distinct scores, from the highest down.
struct RankingSweep {
  let positives: Int
  let negatives: Int
  private(set) var truePositives = 0
  private(set) var falsePositives = 0
  // Twice the number of correctly ordered pairs, ties counted half. Some 10⁹ items of each kind outgrow 64 bits.
  private var pairs: UInt128 = 0
  private var precisionSum = 0.0
  private var bestF1 = Best()
  private var roc = Curve()
  private var precisionRecall = Curve()

  init(positives: Int, negatives: Int) {
    self.positives = positives
    self.negatives = negatives
    if positives > 0, negatives > 0 { roc.append(x: 0, y: 0, threshold: .infinity) }
  }

  /// Adds all items of one score; above the next lower number they are called anomalous.
  @inline(__always)
  mutating func add(positives new: Int, negatives newNegatives: Int, score: Float) {
    pairs &+=
      UInt128(truncatingIfNeeded: newNegatives) &* UInt128(truncatingIfNeeded: 2 &* truePositives &+ new)
    truePositives &+= new
    falsePositives &+= newNegatives
    if new > 0 {
      let precision = Double(truePositives) / Double(truePositives + falsePositives)
      precisionSum += Double(new) * precision
      bestF1.offer(
        2 * Double(truePositives) / Double(truePositives + falsePositives + positives),
        threshold: score.nextDown
      )
      precisionRecall.append(
        x: Double(truePositives) / Double(positives),
        y: precision,
        threshold: score.nextDown
      )
    }
    if positives > 0, negatives > 0 {
      roc.append(
        x: Double(falsePositives) / Double(negatives),
        y: Double(truePositives) / Double(positives),
        threshold: score.nextDown
      )
    }
  }

  /// The measures, once all items were added.
  consuming func finish(_ items: String) -> Ranking {
    roc.finish()
    precisionRecall.finish()
    let noPositives = Measured.unavailable(reason: "there are no anomalous \(items)")
    let noNegatives = Measured.unavailable(reason: "there are no normal \(items)")
    let auroc: Measured =
      if positives == 0 { noPositives } else if negatives == 0 { noNegatives } else {
        .value(Double(pairs) / (2 * Double(positives) * Double(negatives)))
      }
    return Ranking(
      positives: positives,
      negatives: negatives,
      auroc: auroc,
      averagePrecision: positives > 0 ? .value(precisionSum / Double(positives)) : noPositives,
      bestF1: positives > 0 ? .value(bestF1.value) : noPositives,
      bestF1Threshold: bestF1.threshold,
      roc: roc,
      precisionRecall: precisionRecall
    )
  }
}

/// The largest value over all thresholds, and the highest threshold that gives it.
struct Best {
  private(set) var value = -Double.infinity
  private(set) var threshold = Float.infinity

  @inline(__always)
  mutating func offer(_ value: Double, threshold: Float) {
    guard value > self.value else { return }
    self.value = value
    self.threshold = threshold
  }
}
