import BlemishCore
import BlemishDatasets
import BlemishMeasures

extension Model {
  /// Evaluates the model on test pictures.
  /// - Parameters:
  ///   - options: which test decides, and at which limits. What papers report is measured where log NFA < 0, whatever
  ///     the limits.
  ///   - fairThreshold: of the anomaly map, from ``fairThreshold(on:batch:progress:)``; nil leaves out what is
  ///     measured at it.
  ///   - batch: pictures that go through the model at a time.
  ///   - progress: called with the number of pictures done.
  /// - Throws: the error of the first picture or mask that cannot be read; `CancellationError` when the
  ///   task was cancelled.
  public func evaluate(
    _ samples: [Sample], options: InspectionOptions = InspectionOptions(), fairThreshold: Float? = nil,
    batch: Int = 4, progress: (Int) -> Void = { _ in }
  ) throws -> Evaluation {
    guard !samples.isEmpty else { throw EvaluationError.noPictures }
    let rule = options.rule(for: configuration)
    var groups = EvaluationGroups(samples, fairThreshold: fairThreshold)
    let clock = ContinuousClock()
    var elapsed = Duration.zero
    var start = clock.now
    var done = 0
    try configuration.forEachBatch(of: samples.map(\.path), size: batch) { prepared in
      try Task.checkCancellation()
      let inspections = try inspect(prepared.map { try $0.get() }, options: options)
      let segmentations = try inspections.map {
        try $0.segmentation(below: 0, height: configuration.mapHeight, width: configuration.mapWidth)
      }
      let regions = segmentations.map(\.regions.count)
      elapsed += clock.now - start
      for (place, inspection) in inspections.enumerated() {
        let sample = samples[done]
        let own = try sample.mask(width: inspection.frame.width, height: inspection.frame.height)
        try groups.add(
          inspection, sample, found: segmentations[place], regions: regions[place],
          own?.resized(width: configuration.mapWidth, height: configuration.mapHeight, filter: .bilinear),
          mask: sample.isAnomalous
            ? try own.flatMap { MaskAgreement(try Finding(inspection).drawn, truth: $0) } : nil)
        done += 1
      }
      progress(done)
      start = clock.now
    }
    return try groups.evaluation(rule, secondsPerImage: elapsed / .seconds(1) / Double(done))
  }

  /// The threshold of the anomaly map at which no good training picture has more than one pixel called anomalous:
  /// the fair choice for scores without a test.
  /// - Returns: nil without good pictures.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when the
  ///   task was cancelled.
  public func fairThreshold(
    on samples: [Sample], batch: Int = 4, progress: (Int) -> Void = { _ in }
  ) throws -> Float? {
    var threshold = FairThreshold()
    var done = 0
    try configuration.forEachBatch(of: samples.filter { !$0.isAnomalous }.map(\.path), size: batch) {
      prepared in
      try Task.checkCancellation()
      for inspection in try inspect(prepared.map { try $0.get() }) {
        try threshold.add(scores: inspection.anomalyMap.values)
        done += 1
      }
      progress(done)
    }
    return threshold.value
  }
}
