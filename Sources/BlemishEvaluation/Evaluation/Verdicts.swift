/// The verdicts on pictures, counted.
struct Verdicts {
  private(set) var anomalous = 0
  private(set) var found = 0
  private(set) var marked = 0
  private(set) var hit = 0
  private(set) var normal = 0
  private(set) var calledNormal = 0
  private(set) var regionsInNormal = 0

  /// - Parameter drawn: how often each picture counts; nil for once.
  init(_ pictures: [Evaluation.Picture], drawn: [Int]? = nil) {
    for (place, picture) in pictures.enumerated() {
      let times = drawn?[place] ?? 1
      let called = picture.isCalledAnomalous ? times : 0
      if picture.sample.isAnomalous {
        anomalous += times
        found += called
        marked += picture.isHit != nil ? times : 0
        hit += picture.isHit == true ? times : 0
      } else {
        normal += times
        calledNormal += called
        regionsInNormal += times * picture.regions
      }
    }
  }

  /// The harmonic mean of precision and recall.
  var f1: Double? { anomalous > 0 ? 2 * Double(found) / Double(found + calledNormal + anomalous) : nil }

  /// The share of the anomalous pictures called anomalous.
  var detected: Double? { anomalous > 0 ? Double(found) / Double(anomalous) : nil }

  /// The share of the anomalous pictures with a mask in which a significant region overlaps it.
  var detectedDefects: Double? { marked > 0 ? Double(hit) / Double(marked) : nil }

  /// Significant regions per good picture.
  var falseAlarms: Double? { normal > 0 ? Double(regionsInNormal) / Double(normal) : nil }
}

/// Segmentations of pictures, added up.
struct SegmentationSum {
  private var pictures = 0
  private var overlaps = 0.0
  private var truePositives = 0
  private var falsePositives = 0
  private var anomalous = 0

  /// - Parameter drawn: how often each picture counts.
  init(_ segmentations: [Evaluation.Segmentation], drawn: [Int]) {
    for (segmentation, times) in zip(segmentations, drawn) {
      pictures += times
      overlaps += Double(times) * segmentation.intersectionOverUnion
      truePositives += times * segmentation.truePositives
      falsePositives += times * segmentation.falsePositives
      anomalous += times * segmentation.anomalous
    }
  }

  /// Intersection over union averaged over pictures.
  var meanIoU: Double? { pictures > 0 ? overlaps / Double(pictures) : nil }

  /// Intersection over union of all pixels together.
  var pooledIoU: Double? {
    falsePositives + anomalous > 0 ? Double(truePositives) / Double(falsePositives + anomalous) : nil
  }

  /// The harmonic mean of precision and recall over pixels.
  var f1: Double? {
    anomalous > 0 ? 2 * Double(truePositives) / Double(truePositives + falsePositives + anomalous) : nil
  }
}
