import Datasets
import Imaging
import Metrics

extension Model {
  /// Evaluates the model on test pictures.
  /// - Parameters:
  ///   - options: which test decides. Overlaps are measured where log NFA < 0, however strictly it decides.
  ///   - fairThreshold: of the anomaly map, from ``fairThreshold(on:batch:progress:)``; nil leaves out what is
  ///     measured at it.
  ///   - batch: pictures that go through the model at a time.
  ///   - progress: called with the number of pictures done; a true result stops.
  /// - Throws: the error of the first picture or mask that cannot be read; `CancellationError` when stopped.
  public func evaluate(
    _ samples: [Sample], options: InspectionOptions = InspectionOptions(), fairThreshold: Float? = nil,
    batch: Int = 4, progress: (Int) -> Bool = { _ in false }
  ) throws -> Evaluation {
    guard !samples.isEmpty else { throw ConfigurationError("There are no test pictures to evaluate on.") }
    let options = options.resolved(for: configuration)
    var groups = EvaluationGroups(samples, fairThreshold: fairThreshold)
    let clock = ContinuousClock()
    var elapsed = Duration.zero
    var start = clock.now
    var done = 0
    try configuration.forEachBatch(of: samples.map(\.path), size: batch) { prepared in
      let inspections = try inspect(prepared.map { try $0.get() }, options: options)
      let masks = inspections.map { $0.mask(of: $0.logNFAMap) }
      let regions = zip(inspections, masks).map { $0.regions(of: $1, in: $0.logNFAMap).count }
      elapsed += clock.now - start
      for (place, inspection) in inspections.enumerated() {
        try groups.add(
          inspection, samples[done], found: masks[place], regions: regions[place],
          try groundTruth(of: samples[done], inspection))
        done += 1
      }
      if progress(done) { throw CancellationError() }
      start = clock.now
    }
    return try groups.evaluation(options, secondsPerImage: elapsed / .seconds(1) / Double(done))
  }

  /// The threshold of the anomaly map at which no good training picture has more than one pixel called anomalous:
  /// the fair choice for scores without a test.
  /// - Returns: nil without good pictures.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when stopped.
  public func fairThreshold(
    on samples: [Sample], batch: Int = 4, progress: (Int) -> Bool = { _ in false }
  ) throws -> Float? {
    var threshold = FairThreshold()
    var done = 0
    try configuration.forEachBatch(of: samples.filter { !$0.isAnomalous }.map(\.path), size: batch) {
      prepared in
      for inspection in try inspect(prepared.map { try $0.get() }) {
        try threshold.add(scores: inspection.anomalyMap.values)
        done += 1
      }
      if progress(done) { throw CancellationError() }
    }
    return threshold.value
  }

  /// The pixel AUROC on test pictures that have ground truth.
  /// - Throws: the error of a picture or mask that cannot be read; ``ConfigurationError`` where it is undefined.
  func pixelAUROC(on samples: [Sample]) throws -> Double {
    let pixels = PixelEvaluation()
    var done = 0
    try configuration.forEachBatch(of: samples.map(\.path), size: 4) { prepared in
      for inspection in try inspect(prepared.map { try $0.get() }) {
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
    case .unavailable(let reason): throw ConfigurationError("The pixel AUROC is not defined: \(reason)")
    }
  }

  /// The mask of a sample at the size of the maps: resized with antialiasing, then cut at one half. Nil where an
  /// anomalous picture has no mask.
  private func groundTruth(of sample: Sample, _ inspection: Inspection) throws -> Mask? {
    let (width, height) = (configuration.mapWidth, configuration.mapHeight)
    guard sample.isAnomalous else {
      return Mask(width: width, height: height, pixels: Array(repeating: false, count: width * height))
    }
    return try sample.mask(width: inspection.width, height: inspection.height)?
      .resized(width: width, height: height, filter: .bilinear)
  }
}
