/// The per-region overlap against the false-positive rate (Bergmann et al., MVTec AD, IJCV 2021, section 5.2).
///
/// The overlap is the share of each anomalous region that is found, averaged over regions. The rate is over all
/// normal pixels.
struct RegionOverlapSweep {
  private let normalPixels: Int
  private let regions: Int
  private let limit: Double
  private var area = 0.0
  private var overlaps = 0.0
  private var rate = 0.0
  private var overlap = 0.0
  private var curve = Curve()

  init(normalPixels: Int, regions: Int, limit: Double) {
    self.normalPixels = normalPixels
    self.regions = regions
    self.limit = limit
    if normalPixels > 0, regions > 0 { curve.append(x: 0, y: 0, threshold: .infinity) }
  }

  /// Adds all pixels of one score.
  ///
  /// - Parameters:
  ///   - overlaps: the sum over its anomalous pixels of one over their region's area.
  ///   - falsePositives: how many normal pixels have this score or a higher one.
  @inline(__always)
  mutating func add(overlaps new: Double, falsePositives: Int, score: Float) {
    guard normalPixels > 0, regions > 0 else { return }
    overlaps += new
    // The shares of a region sum up to 1 but for rounding.
    let nextOverlap = min(overlaps / Double(regions), 1)
    let nextRate = Double(falsePositives) / Double(normalPixels)
    curve.append(x: nextRate, y: nextOverlap, threshold: score.nextDown)
    if nextRate <= limit {
      area += (nextRate - rate) * (overlap + nextOverlap) / 2
    } else if rate < limit {
      let atLimit = overlap + (nextOverlap - overlap) * (limit - rate) / (nextRate - rate)
      area += (limit - rate) * (overlap + atLimit) / 2
    }
    rate = nextRate
    overlap = nextOverlap
  }

  /// The area up to the limit, divided by the limit, and the curve.
  consuming func finish() -> (aupro: Measured, curve: Curve) {
    curve.finish()
    if regions == 0 { return (.unavailable(reason: "there are no anomalous regions"), curve) }
    if normalPixels == 0 { return (.unavailable(reason: "there are no normal pixels"), curve) }
    return (.value(min(area / limit, 1)), curve)
  }
}
