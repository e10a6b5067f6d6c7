import Datasets
import Foundation
import Imaging
import Metrics

/// How well a model does on the pictures of a data set.
public struct Evaluation: Sendable {
  /// The figures of a group of pictures: a defect type against all good pictures, or all together.
  public struct Figures: Sendable {
    /// The group's name.
    public var name: String
    /// Pictures evaluated, good ones included.
    public var images: Int
    /// Anomalous pictures among them.
    public var anomalousImages: Int
    /// Area under the ROC curve of the pictures' scores.
    public var imageAUROC: Measured
    /// Area under the ROC curve of the pixels' scores.
    public var pixelAUROC: Measured
    /// Area under the per-region-overlap curve up to a false-positive rate of 0.3.
    public var aupro: Measured
    /// Intersection over union of the segmentation at log NFA = 0, averaged over all pictures.
    public var meanIoUAtLogNFA0: Measured
    /// Mean intersection over union at the best threshold in hindsight.
    public var meanIoUOracle: Measured
    /// Intersection over union at log NFA = 0 of the pixels of all pictures taken together.
    public var pooledIoUAtLogNFA0: Measured
    /// The same at the best threshold in hindsight.
    public var pooledIoUOracle: Measured
    /// The share of the anomalous pictures with a significant region.
    public var detectedAnomalousImages: Measured
  }

  /// One evaluated picture.
  public struct Picture: Sendable {
    /// The sample of the data set.
    public var sample: Sample
    /// The image score.
    public var score: Double
    /// log10 NFA of the most significant region.
    public var logNFA: Double
    /// The number of significant regions.
    public var regions: Int
    /// Intersection over union of the segmentation at log NFA = 0; nil without ground truth.
    public var intersectionOverUnion: Double?
  }

  /// Everything together.
  public var overall: Figures
  /// Each defect type against all good pictures.
  public var defectTypes: [Figures]
  /// Significant regions per good picture: what the a contrario test promises to be at most about one.
  public var falseAlarmsPerNormalImage: Measured
  /// The pictures in the data set's order.
  public var pictures: [Picture]
  /// The bootstrap interval (95%) of the overall image AUROC.
  public var imageAUROCInterval: ClosedRange<Double>?
  /// Curves over all pictures, for reports.
  public var curves: Curves
  /// Inspection time of a picture, decoding included.
  public var secondsPerImage: Double
  /// What was left out, and why.
  public var warnings: [String]

  /// Curves over all pictures; nil where they are not defined.
  public struct Curves: Sendable {
    /// True-positive rate over false-positive rate, pictures.
    public var imageROC: Curve?
    /// Precision over recall, pictures.
    public var imagePrecisionRecall: Curve?
    /// True-positive rate over false-positive rate, pixels.
    public var pixelROC: Curve?
    /// Per-region overlap over false-positive rate.
    public var perRegionOverlap: Curve?
    /// Precision over recall, pixels.
    public var pixelPrecisionRecall: Curve?
  }
}

extension Model {
  /// Evaluates the model on test pictures.
  /// - Parameters:
  ///   - batch: pictures that go through the model at a time.
  ///   - visit: called with every inspection and its ground truth at the size of the maps, for reports.
  /// - Throws: the error of the first picture or mask that cannot be read.
  public func evaluate(
    _ samples: [Sample], batch: Int = 4, visit: (Sample, Inspection, Mask?) throws -> Void = { _, _, _ in },
    progress: (Int) -> Void = { _ in }
  ) throws -> Evaluation {
    guard !samples.isEmpty else { throw ConfigurationError("There are no test pictures to evaluate on.") }
    var groups = EvaluationGroups(samples)
    var pictures: [Evaluation.Picture] = []
    let clock = ContinuousClock()
    var elapsed = Duration.zero
    var start = clock.now
    try configuration.forEachBatch(of: samples.map(\.path), size: batch) { prepared in
      let inspections = try inspect(prepared.map { try $0.get() })
      let regions = inspections.map { $0.regions(of: $0.mask(of: $0.logNFAMap), in: $0.logNFAMap).count }
      elapsed += clock.now - start
      for (inspection, regions) in zip(inspections, regions) {
        let sample = samples[pictures.count]
        let truth = try groundTruth(of: sample, inspection)
        let overlap = try groups.add(inspection, sample, truth)
        pictures.append(
          .init(
            sample: sample, score: inspection.score, logNFA: inspection.logNFA, regions: regions,
            intersectionOverUnion: overlap))
        try visit(sample, inspection, truth)
      }
      progress(pictures.count)
      start = clock.now
    }
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    return try groups.evaluation(of: pictures, secondsPerImage: seconds / Double(pictures.count))
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
        guard let truth = try groundTruth(of: sample, inspection) else { continue }
        try pixels.add(
          scores: inspection.anomalyMap.values, mask: sample.isAnomalous ? truth.pixels : nil, width: truth.width)
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

/// The evaluations that run side by side: all pictures, and each defect type with the good ones.
private struct EvaluationGroups {
  private struct Group {
    var name: String
    var anomaly = PixelEvaluation()
    var significance = PixelEvaluation()
    var atLogNFA0 = ThresholdEvaluation(threshold: 0)
    var masks = 0
  }

  private var overall = Group(name: "all")
  private var types: [String: Group] = [:]
  private var names: [String] = []
  private var warnings: [String] = []

  init(_ samples: [Sample]) {
    for sample in samples where sample.isAnomalous && types[sample.defectType] == nil {
      names.append(sample.defectType)
      types[sample.defectType] = Group(name: sample.defectType)
    }
  }

  /// Adds a picture; the intersection over union of its segmentation, where it has a ground truth.
  mutating func add(_ inspection: Inspection, _ sample: Sample, _ truth: Mask?) throws -> Double? {
    guard let truth else {
      if warnings.count < 20 { warnings.append("\(sample.path): anomalous, but without a mask") }
      return nil
    }
    let mask = sample.isAnomalous ? truth.pixels : nil
    let significance = inspection.logNFAMap.values.map { -$0 }
    func add(to group: inout Group) throws {
      try group.anomaly.add(scores: inspection.anomalyMap.values, mask: mask, width: truth.width)
      try group.significance.add(scores: significance, mask: mask, width: truth.width)
      try group.atLogNFA0.add(scores: significance, mask: mask)
      if sample.isAnomalous { group.masks += 1 }
    }
    try add(to: &overall)
    for name in names where !sample.isAnomalous || name == sample.defectType {
      // One defect type: the same as all together.
      if names.count > 1 { try add(to: &types[name]!) }
    }
    var single = ThresholdEvaluation(threshold: 0)
    try single.add(scores: significance, mask: mask)
    return single.measures.meanIoU.value
  }

  func evaluation(of pictures: [Evaluation.Picture], secondsPerImage: Double) throws -> Evaluation {
    let ranking = try ImageEvaluation(
      scores: pictures.map { Float($0.score) }, anomalous: pictures.map(\.sample.isAnomalous))
    let anomaly = try overall.anomaly.measures()
    let hasMasks = overall.masks > 0
    let normal = pictures.filter { !$0.sample.isAnomalous }
    return Evaluation(
      overall: try figures(overall, pictures, anomaly: anomaly),
      defectTypes: names.count > 1
        ? try names.map { name in
          try figures(
            types[name]!, pictures.filter { !$0.sample.isAnomalous || $0.sample.defectType == name },
            anomaly: types[name]!.anomaly.measures())
        } : [],
      falseAlarmsPerNormalImage: normal.isEmpty
        ? .unavailable(reason: "there are no good pictures")
        : .value(Double(normal.reduce(0) { $0 + $1.regions }) / Double(normal.count)),
      pictures: pictures, imageAUROCInterval: ranking.aurocInterval(),
      curves: .init(
        imageROC: ranking.ranking.auroc.value.map { _ in ranking.ranking.roc },
        imagePrecisionRecall: ranking.ranking.averagePrecision.value.map { _ in ranking.ranking.precisionRecall },
        pixelROC: hasMasks ? anomaly.ranking.roc : nil,
        perRegionOverlap: hasMasks ? anomaly.perRegionOverlap : nil,
        pixelPrecisionRecall: hasMasks ? anomaly.ranking.precisionRecall : nil),
      secondsPerImage: secondsPerImage, warnings: warnings)
  }

  private func figures(
    _ group: Group, _ pictures: [Evaluation.Picture], anomaly: PixelEvaluation.Measures
  ) throws -> Evaluation.Figures {
    let anomalous = pictures.filter(\.sample.isAnomalous)
    let ranking = try ImageEvaluation(
      scores: pictures.map { Float($0.score) }, anomalous: pictures.map(\.sample.isAnomalous)
    ).ranking
    func needingMasks(_ measured: Measured) -> Measured {
      if group.masks > 0 { return measured }
      return .unavailable(
        reason: anomalous.isEmpty ? "there are no anomalous pictures" : "no anomalous picture has a mask")
    }
    let significance = try group.significance.measures()
    return Evaluation.Figures(
      name: group.name, images: pictures.count, anomalousImages: anomalous.count, imageAUROC: ranking.auroc,
      pixelAUROC: needingMasks(anomaly.ranking.auroc), aupro: needingMasks(anomaly.aupro),
      meanIoUAtLogNFA0: needingMasks(group.atLogNFA0.measures.meanIoU),
      meanIoUOracle: needingMasks(significance.bestMeanIoU),
      pooledIoUAtLogNFA0: needingMasks(group.atLogNFA0.measures.pooledIoU),
      pooledIoUOracle: needingMasks(significance.bestPooledIoU),
      detectedAnomalousImages: anomalous.isEmpty
        ? .unavailable(reason: "there are no anomalous pictures")
        : .value(Double(anomalous.count { $0.logNFA < 0 }) / Double(anomalous.count)))
  }
}
