import BlemishSupport

/// How well maps of scores localise anomalies: all measures, exact, for any number of pictures.
///
/// Maps are added one at a time. Every pixel's score is kept in four bytes, in memory up to a limit and beyond it in
/// a temporary file. All measures come from one sweep over the scores in their exact order; nothing is binned. Not to be used from several tasks at once.
package final class PixelEvaluation {
  /// All that one sweep finds.
  package struct Measures: Sendable {
    /// AUROC, average precision, best F1 and curves over pixels.
    package let ranking: Ranking
    /// The area under the per-region-overlap curve up to a false-positive rate of 0.3, divided by 0.3.
    package let aupro: Measured
    /// False-positive rate and per-region overlap.
    package let perRegionOverlap: Curve
    /// The largest intersection over union averaged over all pictures, normal ones included, in hindsight
    /// ("oracle").
    package let bestMeanIoU: Measured
    /// The threshold of `bestMeanIoU`: pixels above it are called anomalous.
    package let bestMeanIoUThreshold: Float
    /// The largest intersection over union of the pixels of all pictures taken together.
    package let bestPooledIoU: Measured
    /// The number of pictures.
    package let images: Int
    /// The number of anomalous regions, 8-connected.
    package let regions: Int
    /// Bootstrap intervals over pictures, where they were asked for.
    package let intervals: Intervals?
  }

  /// Where measures lie when pictures are drawn anew. Pixels count by scores binned to steps of 1/256 of each rate,
  /// which moves an end far less than drawing anew does.
  package struct Intervals: Sendable, Equatable {
    /// Of the area under the ROC curve.
    package var auroc: ClosedRange<Double>?
    /// Of the average precision.
    package var averagePrecision: ClosedRange<Double>?
    /// Of the best F1.
    package var bestF1: ClosedRange<Double>?
    /// Of the area under the per-region-overlap curve.
    package var aupro: ClosedRange<Double>?
  }

  // The pixels of one picture fall in runs: the normal ones, and those of each region.
  private let keys: SortedRuns
  private var runs: [PixelSweep.Run] = []
  private var positives: [Int] = []
  private var regions = 0
  private var normalPixels = 0
  private var scratch: [UInt32] = []

  /// An evaluation to which no map was added.
  ///
  /// - Parameter memoryLimit: how many bytes of scores are kept in memory before a temporary file is used.
  package init(memoryLimit: Int = 128 << 20) {
    keys = SortedRuns(memoryLimit: memoryLimit)
  }

  /// Adds one picture.
  ///
  /// - Parameters:
  ///   - scores: `[height, width]`, the higher, the more anomalous.
  ///   - mask: which pixels are anomalous, `[height, width]`, or nil for a normal picture.
  ///   - width: the number of columns.
  /// - Throws: ``MeasureError`` where the numbers differ, a score is NaN, or the temporary file fails. Unless the
  ///   file failed, the evaluation is as it was before.
  package func add(scores: [Float], mask: [Bool]?, width: Int) throws(MeasureError) {
    guard width > 0, !scores.isEmpty, scores.count % width == 0, scores.count < Int(Int32.max) else {
      throw .mapShape(scores: scores.count, width: width)
    }
    guard mask.map({ $0.count == scores.count }) ?? true else {
      throw .maskSize(scores: scores.count, mask: mask?.count ?? 0)
    }
    if let index = scores.firstIndex(where: \.isNaN) { throw .notANumber(index: index) }
    let image = Int32(positives.count)
    guard let mask, mask.contains(true) else {
      positives.append(0)
      normalPixels += scores.count
      try append(scores.map { ScoreKey.key($0) }, PixelSweep.Run(image: image, weight: 0))
      return
    }
    let components = ConnectedComponents(of: mask, width: width)
    var normal: [UInt32] = []
    normal.reserveCapacity(scores.count)
    var anomalous = components.regions.map { region -> [UInt32] in
      var keys: [UInt32] = []
      keys.reserveCapacity(region.area)
      return keys
    }
    for (pixel, label) in components.labels.enumerated() {
      let key = ScoreKey.key(scores[pixel])
      if label == 0 { normal.append(key) } else { anomalous[Int(label) - 1].append(key) }
    }
    positives.append(scores.count - normal.count)
    normalPixels += normal.count
    regions += anomalous.count
    if !normal.isEmpty { try append(normal, PixelSweep.Run(image: image, weight: 0)) }
    for region in anomalous {
      try append(region, PixelSweep.Run(image: image, weight: 1 / Double(region.count)))
    }
  }

  private func append(_ unsorted: [UInt32], _ run: PixelSweep.Run) throws(MeasureError) {
    var sorted = unsorted
    if sorted.count < 256 {
      sorted.sort()
    } else {
      radixSort(&sorted, scratch: &scratch, count: unsorted.count, bits: 0..<32)
    }
    runs.append(run)
    try keys.append(sorted, count: unsorted.count)
  }

  /// Computes everything in one sweep. More maps may be added afterwards.
  ///
  /// - Parameters:
  ///   - overlapLimit: the false-positive rate up to which the per-region overlap counts, in (0, 1].
  ///   - bootstrap: how pictures are drawn anew for intervals; nil for none.
  /// - Throws: ``MeasureError`` where the limit is none or the temporary file fails.
  package func measures(
    overlapLimit: Double = 0.3,
    bootstrap: Bootstrap? = nil
  ) throws(MeasureError) -> Measures {
    guard overlapLimit > 0, overlapLimit <= 1 else { throw .overlapLimit(overlapLimit) }
    var sweep = PixelSweep(
      runs: runs,
      positives: positives,
      normalPixels: normalPixels,
      regions: regions,
      overlapLimit: overlapLimit,
      bootstrap: bootstrap
    )
    try keys.visit(&sweep)
    return sweep.finish()
  }
}
