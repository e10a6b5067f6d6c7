/// All pixel measures in one pass over the scores, from the highest down.
struct PixelSweep: KeyVisitor {
  /// Pixels of one picture that count alike.
  struct Run {
    let image: Int32
    /// One over the area of the anomalous region that the pixels form, 0 for normal pixels.
    let weight: Double
  }

  /// What one picture's segmentation is so far.
  private struct Image {
    let positives: Int32
    var truePositives: Int32 = 0
    var falsePositives: Int32 = 0
    var overUnion: Double
  }

  private let runs: [Run]
  private var images: [Image]
  private let regions: Int
  private var sumOfIoU: Double
  private var ranking: RankingSweep
  private var overlap: RegionOverlapSweep
  private var bestMeanIoU = Best()
  private var bestPooledIoU = Best()
  private let overlapLimit: Double
  private let bootstrap: Bootstrap?
  private var bins: PictureBins?

  private var score = Float.infinity
  private var newPositives = 0
  private var newNegatives = 0
  private var newOverlap = 0.0

  init(
    runs: [Run],
    positives: [Int],
    normalPixels: Int,
    regions: Int,
    overlapLimit: Double,
    bootstrap: Bootstrap?
  ) {
    self.runs = runs
    self.regions = regions
    images = positives.map { Image(positives: Int32($0), overUnion: intersectionOverUnion(0, $0)) }
    sumOfIoU = images.reduce(0) { $0 + $1.overUnion }
    ranking = RankingSweep(positives: positives.reduce(0, +), negatives: normalPixels)
    overlap = RegionOverlapSweep(normalPixels: normalPixels, regions: regions, limit: overlapLimit)
    self.overlapLimit = overlapLimit
    self.bootstrap = bootstrap
    bins = bootstrap.map { _ in
      PictureBins(
        pictures: positives.count, normalPixels: normalPixels, anomalousPixels: positives.reduce(0, +))
    }
  }

  mutating func begin(key: UInt32) {
    score = ScoreKey.score(key)
    newPositives = 0
    newNegatives = 0
    newOverlap = 0
    // Nothing called anomalous is a segmentation too, the best one if all pictures are normal.
    if ranking.truePositives + ranking.falsePositives == 0 { offerIoU(threshold: score) }
  }

  @inline(__always)
  mutating func add(run: Int, count: Int) {
    let run = runs[run]
    let index = Int(run.image)
    bins?.add(picture: index, count: count, weight: run.weight)
    var image = images[index]
    if run.weight > 0 {
      newPositives &+= count
      newOverlap += Double(count) * run.weight
      image.truePositives &+= Int32(truncatingIfNeeded: count)
    } else {
      newNegatives &+= count
      image.falsePositives &+= Int32(truncatingIfNeeded: count)
    }
    let overUnion = intersectionOverUnion(
      Int(image.truePositives),
      Int(image.falsePositives) &+ Int(image.positives)
    )
    sumOfIoU += overUnion - image.overUnion
    image.overUnion = overUnion
    images[index] = image
  }

  mutating func end() {
    ranking.add(positives: newPositives, negatives: newNegatives, score: score)
    overlap.add(overlaps: newOverlap, falsePositives: ranking.falsePositives, score: score)
    offerIoU(threshold: score.nextDown)
    bins?.endScore()
  }

  private mutating func offerIoU(threshold: Float) {
    bestMeanIoU.offer(sumOfIoU, threshold: threshold)
    let pooled = intersectionOverUnion(
      ranking.truePositives,
      ranking.falsePositives + ranking.positives
    )
    bestPooledIoU.offer(pooled, threshold: threshold)
  }

  consuming func finish() -> PixelEvaluation.Measures {
    let (aupro, curve) = overlap.finish()
    let noImages = Measured.unavailable(reason: "there are no pictures")
    return PixelEvaluation.Measures(
      ranking: ranking.finish("pixels"),
      aupro: aupro,
      perRegionOverlap: curve,
      bestMeanIoU: images.isEmpty ? noImages : .value(min(bestMeanIoU.value / Double(images.count), 1)),
      bestMeanIoUThreshold: bestMeanIoU.threshold,
      bestPooledIoU: images.isEmpty ? noImages : .value(bestPooledIoU.value),
      images: images.count,
      regions: regions,
      intervals: bootstrap.flatMap { bins?.intervals($0, overlapLimit: overlapLimit) }
    )
  }
}
