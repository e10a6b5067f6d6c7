import BlemishCore
import BlemishDatasets
import BlemishImaging
import BlemishMeasures

extension Model {
  /// The pixel AUROC on test pictures that have ground truth, and the pictures that cannot be read.
  /// - Throws: `UnreadablePictures` where more cannot be read than may be left out; the error of a mask that cannot be
  ///   read; ``TrainingError/undefinedAUROC(reason:)``.
  func pixelAUROC(on samples: [Sample]) throws -> (auroc: Double, UnreadablePictures) {
    let pixels = PixelEvaluation()
    var unreadable = UnreadablePictures(of: samples.count)
    let paths = samples.map(\.path)
    var done = 0
    try configuration.forEachBatch(of: paths, size: 4) { batch in
      let readable = try unreadable.readable(batch, from: done, of: paths)
      done += batch.count
      for (place, inspection) in zip(readable.map(\.place), try inspect(readable.map(\.frame))) {
        let sample = samples[place]
        guard let truth = try groundTruth(of: sample, inspection), sample.isMarked(in: truth) else {
          continue
        }
        try pixels.add(
          scores: inspection.anomalyMap.values, mask: sample.isAnomalous ? truth.pixels : nil,
          width: truth.width)
      }
    }
    switch try pixels.measures().ranking.auroc {
    case .value(let value): return (value, unreadable)
    case .unavailable(let reason): throw TrainingError.undefinedAUROC(reason: reason)
    }
  }

  /// The mask of a sample at the size of the maps: resized with antialiasing, then cut at one half. Nil where an
  /// anomalous picture has no mask.
  package func groundTruth(of sample: Sample, _ inspection: Inspection) throws -> Mask? {
    let (width, height) = (configuration.mapWidth, configuration.mapHeight)
    guard sample.isAnomalous else {
      return Mask(width: width, height: height, pixels: Array(repeating: false, count: width * height))
    }
    return try sample.mask(width: inspection.frame.width, height: inspection.frame.height)?
      .resized(width: width, height: height, filter: .bilinear)
  }
}

extension Sample {
  /// Whether the pixels of a picture can be measured by its ground truth: where nothing is marked in an anomalous one, to
  /// find nothing would be right.
  package func isMarked(in truth: Mask?) -> Bool { !isAnomalous || truth?.pixels.contains(true) ?? false }
}
