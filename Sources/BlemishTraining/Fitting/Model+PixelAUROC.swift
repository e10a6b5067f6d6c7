import BlemishCore
import BlemishDatasets
import BlemishImaging
import BlemishMeasures

extension Model {
  /// The pixel AUROC on test pictures that have ground truth.
  /// - Throws: the error of a picture or mask that cannot be read; ``TrainingError/undefinedAUROC(reason:)``.
  func pixelAUROC(on samples: [Sample]) throws -> Double {
    let pixels = PixelEvaluation()
    var done = 0
    try configuration.forEachBatch(of: samples.map(\.path), size: 4) { frames in
      for inspection in try inspect(frames.map { try $0.get() }) {
        let sample = samples[done]
        done += 1
        guard let truth = try groundTruth(of: sample, inspection), sample.isMarked(in: truth) else {
          continue
        }
        try pixels.add(
          scores: inspection.anomalyMap.values, mask: sample.isAnomalous ? truth.pixels : nil,
          width: truth.width)
      }
    }
    switch try pixels.measures().ranking.auroc {
    case .value(let value): return value
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
