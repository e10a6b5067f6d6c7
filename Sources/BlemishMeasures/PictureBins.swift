/// How the pixels of each picture spread over the scores, coarsely.
///
/// Drawing pictures anew needs it: a sweep over all pixels for each draw would take hours. A bin ends where another
/// 1/256 of the normal or of the anomalous pixels has been passed (more for very many pictures). So each rate is
/// known at steps of 1/256; between them it is taken to be straight. The measures themselves never use bins.
struct PictureBins {
  private let pictures: Int
  private let normalStep: Int
  private let anomalousStep: Int
  // [bin, kind, picture], from the highest scores down: normal pixels, anomalous ones, and the sum of their
  // shares of their regions.
  private var filled: [Float] = []
  private var open: [Float]
  private var normal = 0
  private var anomalous = 0

  /// - Parameters:
  ///   - normalPixels: all there are.
  ///   - anomalousPixels: all there are.
  init(pictures: Int, normalPixels: Int, anomalousPixels: Int) {
    self.pictures = pictures
    // Some ten million numbers at most, whatever the number of pictures.
    let steps = min(256, max(32, 2_000_000 / max(pictures, 1)))
    normalStep = max(normalPixels / steps, 1)
    anomalousStep = max(anomalousPixels / steps, 1)
    open = [Float](repeating: 0, count: 3 * pictures)
  }

  @inline(__always)
  mutating func add(picture: Int, count: Int, weight: Double) {
    if weight > 0 {
      open[pictures + picture] += Float(count)
      open[2 * pictures + picture] += Float(Double(count) * weight)
      anomalous &+= count
    } else {
      open[picture] += Float(count)
      normal &+= count
    }
  }

  /// To be called between two scores: ends a bin that holds enough.
  @inline(__always)
  mutating func endScore() {
    if normal >= normalStep || anomalous >= anomalousStep { endBin() }
  }

  private mutating func endBin() {
    filled += open
    for place in open.indices { open[place] = 0 }
    normal = 0
    anomalous = 0
  }

  /// The intervals of the measures when pictures are drawn anew.
  consuming func intervals(_ bootstrap: Bootstrap, overlapLimit: Double) -> PixelEvaluation.Intervals {
    if normal + anomalous > 0 { endBin() }
    let bins = filled.count / max(3 * pictures, 1)
    let columns = 3 * bins
    // [picture, kind, bin]: a draw is then a weighted sum of rows.
    var rows = [Float](repeating: 0, count: filled.count)
    for bin in 0..<bins {
      for kind in 0..<3 {
        for picture in 0..<pictures {
          rows[picture * columns + kind * bins + bin] = filled[(3 * bin + kind) * pictures + picture]
        }
      }
    }
    let isAnomalous = (0..<pictures).map { picture in
      rows[(picture * columns + bins)..<(picture * columns + 2 * bins)].contains { $0 > 0 }
    }
    // Every anomalous region's shares sum up to 1.
    let regions = (0..<pictures).map { picture in
      rows[(picture * columns + 2 * bins)..<((picture + 1) * columns)].reduce(0) { $0 + Double($1) }.rounded()
    }
    guard bins > 0, isAnomalous.contains(true) else { return PixelEvaluation.Intervals() }
    var sums = [Float](repeating: 0, count: columns)
    let found = bootstrap.intervals(anomalous: isAnomalous) { drawn in
      rows.withUnsafeBufferPointer { rows in
        sums.withUnsafeMutableBufferPointer { sums in
          sums.update(repeating: 0)
          for (picture, times) in drawn.enumerated() where times > 0 {
            let row = UnsafeBufferPointer(rebasing: rows[picture * columns..<(picture + 1) * columns])
            let times = Float(times)
            for column in 0..<columns { sums[column] += times * row[column] }
          }
          let drawnRegions = zip(drawn, regions).reduce(0) { $0 + Double($1.0) * $1.1 }
          return Self.statistics(UnsafeBufferPointer(sums), regions: drawnRegions, overlapLimit: overlapLimit)
        }
      }
    }
    guard found.count == 4 else { return PixelEvaluation.Intervals() }
    return PixelEvaluation.Intervals(
      auroc: found[0], averagePrecision: found[1], bestF1: found[2], aupro: found[3])
  }

  /// AUROC, average precision, best F1 and AUPRO of one draw.
  private static func statistics(
    _ sums: UnsafeBufferPointer<Float>, regions: Double, overlapLimit: Double
  ) -> [Double?] {
    let bins = sums.count / 3
    func total(_ kind: Int) -> Double { (0..<bins).reduce(0) { $0 + Double(sums[kind * bins + $1]) } }
    let (negatives, positives) = (total(0), total(1))
    guard positives > 0 else { return [nil, nil, nil, nil] }
    var (falsePositives, truePositives, overlap) = (0.0, 0.0, 0.0)
    var (pairs, precisionSum, bestF1, area) = (0.0, 0.0, 0.0, 0.0)
    for bin in 0..<bins {
      let (normal, anomalous) = (Double(sums[bin]), Double(sums[bins + bin]))
      let nextOverlap = overlap + Double(sums[2 * bins + bin])
      pairs += normal * (truePositives + anomalous / 2)
      let (from, to) = (falsePositives / negatives, (falsePositives + normal) / negatives)
      if from < overlapLimit, to > from {
        let part = min((overlapLimit - from) / (to - from), 1)
        area += part * (to - from) * (overlap + part * (nextOverlap - overlap) / 2)
      }
      let middle = truePositives + falsePositives + (anomalous + normal) / 2
      if middle > 0 { precisionSum += anomalous * (truePositives + anomalous / 2) / middle }
      falsePositives += normal
      truePositives += anomalous
      overlap = nextOverlap
      let called = truePositives + falsePositives
      bestF1 = max(bestF1, 2 * truePositives / (called + positives))
    }
    return [
      negatives > 0 ? pairs / (positives * negatives) : nil, precisionSum / positives, bestF1,
      negatives > 0 && regions > 0 ? area / (regions * overlapLimit) : nil,
    ].map { $0.map { min($0, 1) } }  // sums in single precision may be rounded to more than 1
  }
}
