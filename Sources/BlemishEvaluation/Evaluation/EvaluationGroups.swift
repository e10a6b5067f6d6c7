import BlemishCore
import BlemishDatasets
import BlemishImaging
import BlemishMeasures

/// The evaluations that run side by side: all pictures, and each defect type with the good ones.
struct EvaluationGroups {
  private struct Group {
    var name: String
    var anomaly: PixelEvaluation
    /// Of the map that pictures are judged by, where it is another.
    var detection: PixelEvaluation?
    var significance: PixelEvaluation
    /// The same of the anomalous pictures alone.
    var ofAnomalous: PixelEvaluation
    var atLogNFA0 = ThresholdEvaluation(threshold: 0)
    var atFairThreshold: ThresholdEvaluation?
    var masks = 0

    init(_ name: String, fairThreshold: Float?, memoryLimit: Int) {
      self.name = name
      anomaly = PixelEvaluation(memoryLimit: memoryLimit)
      significance = PixelEvaluation(memoryLimit: memoryLimit)
      ofAnomalous = PixelEvaluation(memoryLimit: memoryLimit)
      atFairThreshold = fairThreshold.map { ThresholdEvaluation(threshold: $0) }
    }
  }

  /// The most defect types whose pixel figures are measured apart: each keeps the scores of all good pictures anew.
  private static let mostTypes = 32

  /// Bytes of scores in memory, all groups together; what is more goes to temporary files.
  private static let memoryOfAllMaps = 256 << 20
  /// Of a single map.
  private let memoryLimit: Int

  private let fairThreshold: Float?
  private var overall: Group
  private var types: [String: Group] = [:]
  private var names: [String] = []
  private var pictures: [Evaluation.Picture] = []
  private var calibration = CalibrationCurve()
  private var warnings: [String] = []

  init(_ samples: [Sample], fairThreshold: Float?) {
    self.fairThreshold = fairThreshold
    for sample in samples where sample.isAnomalous && !names.contains(sample.defectType) {
      names.append(sample.defectType)
    }
    if names.count > Self.mostTypes {
      warnings.append(
        "there are \(names.count) defect types: by type, no figures of pixels are measured beyond \(Self.mostTypes)"
      )
    }
    // Four maps at most.
    memoryLimit = Self.memoryOfAllMaps / 4 / (min(names.count, Self.mostTypes) + 1)
    overall = Group("all", fairThreshold: fairThreshold, memoryLimit: memoryLimit)
    for name in names { types[name] = Group(name, fairThreshold: fairThreshold, memoryLimit: memoryLimit) }
  }

  /// Adds a picture.
  /// - Parameters:
  ///   - found: the pixels of its regions with log NFA < 0.
  ///   - regions: the number of these.
  ///   - truth: its ground truth at the size of the maps; nil where there is none.
  ///   - mask: what is drawn on it against the ground truth at its own size; nil for a good picture.
  mutating func add(
    _ inspection: Inspection, _ sample: Sample, found: Segmentation, regions: Int, _ truth: Mask?,
    mask: MaskAgreement?
  ) throws {
    if !sample.isAnomalous { calibration.add(inspection.regionLogNFAs) }
    let isMarked = sample.isMarked(in: truth)
    if !isMarked, warnings.count < 20 {
      warnings.append(
        "\(sample.path): anomalous, but "
          + (truth.map {
            "its mask marks nothing at the maps' \($0.width)x\($0.height): left out of pixel figures"
          }
            ?? "without a mask"))
    }
    let truth = isMarked ? truth : nil
    let defect = sample.isAnomalous ? truth : nil
    func isHit(by found: Segmentation) -> Bool? {
      defect.map { zip($0.pixels, found.mask.pixels).contains { $0 && $1 } }
    }
    let point = inspection.rule.operatingPoint
    pictures.append(
      .init(
        sample: sample, score: inspection.score, logNFA: inspection.logNFA, verdict: inspection.verdict,
        isReviewedAtDefect: isHit(by: found.below(point.reviewLimit)),
        isStoppedAtDefect: isHit(by: found.below(point.limit)),
        isCalledAnomalous: inspection.isSignificant(below: 0), regions: regions,
        isHit: isHit(by: found),
        segmentation: try truth.map { try addPixels(inspection, found, sample, $0) },
        mask: truth == nil ? nil : mask))
  }

  private mutating func addPixels(
    _ inspection: Inspection, _ found: Segmentation, _ sample: Sample, _ truth: Mask
  ) throws -> Evaluation.Segmentation {
    let mask = sample.isAnomalous ? truth.pixels : nil
    let anomaly = inspection.anomalyMap.values
    let significance = found.logNFA.values.map { -$0 }
    func add(to group: inout Group) throws {
      try group.anomaly.add(scores: anomaly, mask: mask, width: truth.width)
      if let detection = inspection.detectionMap?.values {
        let evaluation = group.detection ?? PixelEvaluation(memoryLimit: memoryLimit)
        try evaluation.add(scores: detection, mask: mask, width: truth.width)
        group.detection = evaluation
      }
      try group.significance.add(scores: significance, mask: mask, width: truth.width)
      try group.atLogNFA0.add(scores: significance, mask: mask)
      try group.atFairThreshold?.add(scores: anomaly, mask: mask)
      if sample.isAnomalous {
        try group.ofAnomalous.add(scores: significance, mask: mask, width: truth.width)
        group.masks += 1
      }
    }
    try add(to: &overall)
    for name in names where !sample.isAnomalous || name == sample.defectType {
      // One defect type: the same as all together.
      if (2...Self.mostTypes).contains(names.count) { try add(to: &types[name]!) }
    }
    var single = ThresholdEvaluation(threshold: 0)
    try single.add(scores: significance, mask: mask)
    return .init(
      truePositives: single.measures.truePositives, falsePositives: single.measures.falsePositives,
      anomalous: single.measures.positives, intersectionOverUnion: single.measures.meanIoU.value ?? 0)
  }

  /// What all that was added amounts to.
  func evaluation(_ rule: DecisionRule, secondsPerImage: Double) throws -> Evaluation {
    let bootstrap = Bootstrap()
    let ranking = try ranking(of: pictures)
    let pixelBootstrap = Bootstrap(resamples: 300)
    let anomaly = try overall.anomaly.measures(bootstrap: pixelBootstrap)
    let detection = try overall.detection?.measures(bootstrap: pixelBootstrap) ?? anomaly
    let figures = try figures(overall, pictures, ranking.ranking, anomaly, detection)
    let hasMasks = overall.masks > 0
    var intervals = pictureIntervals(bootstrap)
    intervals[.imageAUROC] = ranking.aurocInterval(bootstrap)
    if hasMasks {
      intervals[.pixelAUROC] = anomaly.intervals?.auroc
      intervals[.pixelAveragePrecision] = anomaly.intervals?.averagePrecision
      intervals[.pixelF1Best] = anomaly.intervals?.bestF1
      intervals[.aupro] = detection.intervals?.aupro
    }
    return Evaluation(
      rule: rule, overall: figures,
      defectTypes: names.count > 1
        ? try names.map { name in
          let pictures = pictures.filter { !$0.sample.isAnomalous || $0.sample.defectType == name }
          let group = types[name]!
          let anomaly = try group.anomaly.measures()
          return try self.figures(
            group, pictures, self.ranking(of: pictures).ranking, anomaly,
            group.detection?.measures() ?? anomaly)
        } : [],
      intervals: intervals.filter { figures[$0.key].value != nil },
      calibration: calibration, fairThreshold: fairThreshold, pictures: pictures,
      curves: .init(
        imageROC: ranking.ranking.auroc.value.map { _ in ranking.ranking.roc },
        imagePrecisionRecall: ranking.ranking.averagePrecision.value.map { _ in
          ranking.ranking.precisionRecall
        },
        pixelROC: hasMasks ? anomaly.ranking.roc : nil,
        perRegionOverlap: hasMasks ? detection.perRegionOverlap : nil,
        pixelPrecisionRecall: hasMasks ? anomaly.ranking.precisionRecall : nil),
      secondsPerImage: secondsPerImage, warnings: warnings)
  }

  private func ranking(of pictures: [Evaluation.Picture]) throws -> ImageEvaluation {
    try ImageEvaluation(
      scores: pictures.map { Float($0.score) }, anomalous: pictures.map(\.sample.isAnomalous))
  }

  private func figures(
    _ group: Group, _ pictures: [Evaluation.Picture], _ ranking: Ranking,
    _ anomaly: PixelEvaluation.Measures, _ detection: PixelEvaluation.Measures
  ) throws -> Evaluation.Figures {
    let verdicts = Verdicts(pictures)
    let significance = try group.significance.measures()
    let fair = group.atFairThreshold?.measures
    let noFair = Measured.unavailable(reason: "no fair threshold was asked for")
    let noAnomalous = Measured.unavailable(reason: "there are no anomalous pictures")
    let noGood = Measured.unavailable(reason: "there are no good pictures")
    let noMask = Measured.unavailable(reason: "no anomalous picture has a mask that marks anything")
    let isLeftOut = group.name != overall.name && names.count > Self.mostTypes
    let noPixels =
      verdicts.anomalous == 0
      ? noAnomalous
      : isLeftOut ? .unavailable(reason: "there are more than \(Self.mostTypes) defect types") : noMask
    var measured: [Measure: Measured] = [
      .imageAUROC: ranking.auroc, .imageAveragePrecision: ranking.averagePrecision,
      .imageF1Best: ranking.bestF1,
      .imageF1AtLogNFA0: verdicts.f1.map { .value($0) } ?? noAnomalous,
      .detectedAnomalousImages: verdicts.detected.map { .value($0) } ?? noAnomalous,
      .detectedDefects: verdicts.detectedDefects.map { .value($0) }
        ?? (verdicts.anomalous == 0 ? noAnomalous : noMask),
      .falseAlarmsPerNormalImage: verdicts.falseAlarms.map { .value($0) } ?? noGood,
      .stoppedNormalImages: verdicts.share(.anomalous, ofAnomalous: false).map { .value($0) } ?? noGood,
      .reviewedNormalImages: verdicts.share(.review, ofAnomalous: false).map { .value($0) } ?? noGood,
      .stoppedAnomalousImages: verdicts.share(.anomalous, ofAnomalous: true).map { .value($0) }
        ?? noAnomalous,
      .reviewedAnomalousImages: verdicts.share(.review, ofAnomalous: true).map { .value($0) } ?? noAnomalous,
      .stoppedDefects: verdicts.stoppedDefects.map { .value($0) }
        ?? (verdicts.anomalous == 0 ? noAnomalous : noMask),
    ]
    let pixels: [Measure: Measured] = [
      .pixelAUROC: anomaly.ranking.auroc, .pixelAveragePrecision: anomaly.ranking.averagePrecision,
      .pixelF1Best: anomaly.ranking.bestF1, .pixelF1AtLogNFA0: group.atLogNFA0.measures.f1,
      .aupro: detection.aupro,
      .meanIoUAtLogNFA0: group.atLogNFA0.measures.meanIoU, .meanIoUOracle: significance.bestMeanIoU,
      .meanIoUAtFairThreshold: fair?.meanIoU ?? noFair,
      .pooledIoUAtLogNFA0: group.atLogNFA0.measures.pooledIoU, .pooledIoUOracle: significance.bestPooledIoU,
      .pooledIoUAtFairThreshold: fair?.pooledIoU ?? noFair,
    ]
    for (measure, value) in pixels {
      measured[measure] = group.masks > 0 ? value : noPixels
    }
    let masks = MaskFigures(pictures.compactMap(\.mask))
    for (measure, value) in MaskFigures.measures {
      measured[measure] =
        value(masks).map { .value($0) }
        ?? (masks.iou == nil ? noPixels : .unavailable(reason: "no mask touches a defect"))
    }
    measured[.maskIoUOracle] =
      try group.masks > 0 ? group.ofAnomalous.measures().bestMeanIoU : noPixels
    return Evaluation.Figures(
      name: group.name, images: pictures.count, anomalousImages: verdicts.anomalous, measured: measured)
  }

  /// The intervals of what is counted picture by picture.
  private func pictureIntervals(_ bootstrap: Bootstrap) -> [Measure: ClosedRange<Double>] {
    var intervals: [Measure: ClosedRange<Double>] = [:]
    let anomalous = pictures.map(\.sample.isAnomalous)
    let verdicts: [(Measure, (Verdicts) -> Double?)] = [
      (.imageF1AtLogNFA0, \.f1), (.detectedAnomalousImages, \.detected),
      (.detectedDefects, \.detectedDefects),
      (.falseAlarmsPerNormalImage, \.falseAlarms), (.stoppedDefects, \.stoppedDefects),
      (.stoppedNormalImages, { $0.share(.anomalous, ofAnomalous: false) }),
      (.reviewedNormalImages, { $0.share(.review, ofAnomalous: false) }),
      (.stoppedAnomalousImages, { $0.share(.anomalous, ofAnomalous: true) }),
      (.reviewedAnomalousImages, { $0.share(.review, ofAnomalous: true) }),
    ]
    for (measure, value) in verdicts {
      intervals[measure] = bootstrap.interval(anomalous: anomalous) { value(Verdicts(pictures, drawn: $0)) }
    }
    let marked = pictures.filter { $0.segmentation != nil }
    let segmentations = marked.compactMap(\.segmentation)
    let pixels: [(Measure, (SegmentationSum) -> Double?)] = [
      (.meanIoUAtLogNFA0, \.meanIoU), (.pooledIoUAtLogNFA0, \.pooledIoU), (.pixelF1AtLogNFA0, \.f1),
    ]
    for (measure, value) in pixels {
      intervals[measure] = bootstrap.interval(anomalous: marked.map(\.sample.isAnomalous)) {
        value(SegmentationSum(segmentations, drawn: $0))
      }
    }
    let drawn = pictures.compactMap(\.mask)
    for (measure, value) in MaskFigures.measures where !drawn.isEmpty {
      intervals[measure] = bootstrap.interval(anomalous: drawn.map { _ in true }) {
        value(MaskFigures(drawn, drawn: $0))
      }
    }
    return intervals
  }
}
