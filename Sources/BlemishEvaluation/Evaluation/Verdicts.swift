import BlemishCore

/// The verdicts on pictures, counted.
struct Verdicts {
  private(set) var anomalous = 0
  private(set) var found = 0
  private(set) var marked = 0
  private(set) var hit = 0
  private(set) var normal = 0
  private(set) var calledNormal = 0
  private(set) var regionsInNormal = 0
  private(set) var stoppedAtDefect = 0
  private var counts: [Bool: [Verdict: Int]] = [:]

  /// - Parameter drawn: how often each picture counts; nil for once.
  init(_ pictures: [Evaluation.Picture], drawn: [Int]? = nil) {
    for (place, picture) in pictures.enumerated() {
      let times = drawn?[place] ?? 1
      let called = picture.isCalledAnomalous ? times : 0
      counts[picture.sample.isAnomalous, default: [:]][picture.verdict, default: 0] += times
      if picture.sample.isAnomalous {
        anomalous += times
        found += called
        marked += picture.isHit != nil ? times : 0
        hit += picture.isHit == true ? times : 0
        stoppedAtDefect += picture.isStoppedAtDefect == true ? times : 0
      } else {
        normal += times
        calledNormal += called
        regionsInNormal += times * picture.regions
      }
    }
  }

  /// How many pictures, of those with a defect or of the good ones, have a verdict.
  func count(_ verdict: Verdict, ofAnomalous isAnomalous: Bool) -> Int { counts[isAnomalous]?[verdict] ?? 0 }

  /// The share of the pictures with a defect, or of the good ones, that have a verdict.
  func share(_ verdict: Verdict, ofAnomalous isAnomalous: Bool) -> Double? {
    let all = isAnomalous ? anomalous : normal
    return all > 0 ? Double(count(verdict, ofAnomalous: isAnomalous)) / Double(all) : nil
  }

  /// The share of the anomalous pictures with a mask that are stopped for a region that overlaps it.
  var stoppedDefects: Double? { marked > 0 ? Double(stoppedAtDefect) / Double(marked) : nil }

  /// The harmonic mean of precision and recall at log NFA = 0.
  var f1: Double? { anomalous > 0 ? 2 * Double(found) / Double(found + calledNormal + anomalous) : nil }

  /// The share of the anomalous pictures called anomalous at log NFA = 0.
  var detected: Double? { anomalous > 0 ? Double(found) / Double(anomalous) : nil }

  /// The share of the anomalous pictures with a mask in which a region with log NFA < 0 overlaps it.
  var detectedDefects: Double? { marked > 0 ? Double(hit) / Double(marked) : nil }

  /// Regions with log NFA < 0 per good picture.
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
