/// The segmentation that one threshold gives, over all pictures: pixels above it are called anomalous.
package struct ThresholdMeasures: Sendable, Equatable {
  /// The threshold.
  package let threshold: Float
  /// Anomalous pixels called anomalous.
  package let truePositives: Int
  /// Normal pixels called anomalous.
  package let falsePositives: Int
  /// All anomalous pixels.
  package let positives: Int
  /// The number of pictures.
  package let images: Int
  /// The number of pictures without an anomalous pixel.
  package let normalImages: Int
  /// How many of these have a pixel called anomalous.
  package let normalImagesWithFalsePositives: Int
  /// The sum over all pictures of (intersection + ε) / (union + ε).
  let sumOfIoU: Double

  /// Intersection over union averaged over all pictures. A normal picture without a false positive counts 1,
  /// one with counts 0.
  package var meanIoU: Measured {
    images > 0 ? .value(sumOfIoU / Double(images)) : .unavailable(reason: "there are no pictures")
  }

  /// Intersection over union of the pixels of all pictures taken together.
  package var pooledIoU: Measured {
    images > 0
      ? .value(intersectionOverUnion(truePositives, falsePositives + positives))
      : .unavailable(reason: "there are no pictures")
  }

  /// The harmonic mean of precision and recall over pixels.
  package var f1: Measured {
    positives > 0
      ? .value(2 * Double(truePositives) / Double(truePositives + falsePositives + positives))
      : .unavailable(reason: "there are no anomalous pixels")
  }

  /// The share of normal pictures with at least one pixel called anomalous.
  package var falseAlarmsPerNormalImage: Measured {
    normalImages > 0
      ? .value(Double(normalImagesWithFalsePositives) / Double(normalImages))
      : .unavailable(reason: "there are no normal pictures")
  }
}

/// (intersection + ε) / (union + ε), with ε the spacing of doubles at 1, so that two empty sets agree.
@inline(__always)
func intersectionOverUnion(_ intersection: Int, _ union: Int) -> Double {
  (Double(intersection) + .ulpOfOne) / (Double(union) + .ulpOfOne)
}

/// Evaluates a threshold fixed beforehand, such as log NFA = 0, without keeping any scores.
package struct ThresholdEvaluation: Sendable {
  /// What was counted so far.
  package private(set) var measures: ThresholdMeasures

  /// An evaluation of a threshold, to which no picture was shown.
  package init(threshold: Float) {
    measures = ThresholdMeasures(
      threshold: threshold,
      truePositives: 0,
      falsePositives: 0,
      positives: 0,
      images: 0,
      normalImages: 0,
      normalImagesWithFalsePositives: 0,
      sumOfIoU: 0
    )
  }

  /// Shows one picture's map.
  ///
  /// - Parameters:
  ///   - scores: the higher, the more anomalous.
  ///   - mask: which pixels are anomalous, or nil for a normal picture.
  /// - Throws: ``MeasureError`` where there are no scores, the numbers differ, or a score or the threshold is NaN.
  package mutating func add(scores: [Float], mask: [Bool]?) throws(MeasureError) {
    guard mask.map({ $0.count == scores.count }) ?? true else {
      throw .maskSize(scores: scores.count, mask: mask?.count ?? 0)
    }
    guard !measures.threshold.isNaN else { throw .thresholdNotANumber }
    guard !scores.isEmpty else { throw .noScores }
    if let index = scores.firstIndex(where: \.isNaN) { throw .notANumber(index: index) }
    var truePositives = 0
    var falsePositives = 0
    var positives = 0
    for pixel in scores.indices {
      let isAnomalous = mask?[pixel] ?? false
      positives += isAnomalous ? 1 : 0
      guard scores[pixel] > measures.threshold else { continue }
      if isAnomalous { truePositives += 1 } else { falsePositives += 1 }
    }
    let isNormal = positives == 0
    measures = ThresholdMeasures(
      threshold: measures.threshold,
      truePositives: measures.truePositives + truePositives,
      falsePositives: measures.falsePositives + falsePositives,
      positives: measures.positives + positives,
      images: measures.images + 1,
      normalImages: measures.normalImages + (isNormal ? 1 : 0),
      normalImagesWithFalsePositives: measures.normalImagesWithFalsePositives
        + (isNormal && falsePositives > 0 ? 1 : 0),
      sumOfIoU: measures.sumOfIoU + intersectionOverUnion(truePositives, falsePositives + positives)
    )
  }
}
