import BlemishCore
import BlemishDatasets
import BlemishImaging
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
  /// - Returns: what was measured; pictures that cannot be read, or whose mask cannot, are left out and among its
  ///   warnings.
  /// - Throws: `UnreadablePictures` where there are more of these than may be left out; `CancellationError` when the task
  ///   was cancelled.
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
    var unreadable = UnreadablePictures(of: samples.count)
    let paths = samples.map(\.path)
    try configuration.forEachBatch(of: paths, size: batch) { prepared in
      try Task.checkCancellation()
      let readable = try unreadable.readable(prepared, from: done, of: paths)
      done += prepared.count
      let inspections = try inspect(readable.map(\.frame), options: options)
      let segmentations = try inspections.map {
        try $0.segmentation(below: 0, height: configuration.mapHeight, width: configuration.mapWidth)
      }
      let regions = segmentations.map(\.regions.count)
      elapsed += clock.now - start
      for (index, inspection) in inspections.enumerated() {
        let sample = samples[readable[index].place]
        let own: Mask?
        do {
          own = try sample.mask(width: inspection.frame.width, height: inspection.frame.height)
        } catch {
          try unreadable.add(sample.path, error)
          continue
        }
        try groups.add(
          inspection, sample, found: segmentations[index], regions: regions[index],
          own?.resized(width: configuration.mapWidth, height: configuration.mapHeight, filter: .bilinear),
          mask: sample.isAnomalous
            ? try own.flatMap { MaskAgreement(try Finding(inspection).drawn, truth: $0) } : nil)
      }
      progress(done)
      start = clock.now
    }
    var evaluation = try groups.evaluation(rule, secondsPerImage: elapsed / .seconds(1) / Double(done))
    evaluation.warnings += unreadable.notes
    return evaluation
  }

  /// The threshold of the anomaly map at which no good training picture has more than one pixel called anomalous:
  /// the fair choice for scores without a test.
  /// - Returns: nil without good pictures.
  /// - Throws: `UnreadablePictures` where more cannot be read than may be left out; `CancellationError` when the task was
  ///   cancelled.
  public func fairThreshold(
    on samples: [Sample], batch: Int = 4, progress: (Int) -> Void = { _ in }
  ) throws -> Float? {
    let paths = samples.filter { !$0.isAnomalous }.map(\.path)
    var threshold = FairThreshold()
    var unreadable = UnreadablePictures(of: paths.count)
    var done = 0
    try configuration.forEachBatch(of: paths, size: batch) { prepared in
      try Task.checkCancellation()
      let readable = try unreadable.readable(prepared, from: done, of: paths)
      done += prepared.count
      for inspection in try inspect(readable.map(\.frame)) {
        try threshold.add(scores: inspection.anomalyMap.values)
      }
      progress(done)
    }
    return threshold.value
  }
}
