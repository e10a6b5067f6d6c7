import BlemishCore
import BlemishImaging
import BlemishMeasures
import Foundation

/// A model with its evaluation, as one part of a report.
public struct EvaluatedModel {
  /// What the part is called: the data set, or its category.
  public var name: String
  /// The model.
  public var model: Model
  /// Its evaluation.
  public var evaluation: Evaluation
  /// What it is worth under disturbances, where that was asked for.
  public var robustness: Robustness?

  /// A model with its evaluation.
  public init(name: String, model: Model, evaluation: Evaluation, robustness: Robustness? = nil) {
    self.name = name
    self.model = model
    self.evaluation = evaluation
    self.robustness = robustness
  }
}

/// The report of one or more evaluations: figures, curves, and the pictures that tell most.
public enum EvaluationReport {
  /// What the report page shows. Every picture that is shown is inspected anew.
  /// - Parameter picturesPerGallery: how many of the misses, false alarms and finds are shown.
  /// - Throws: the error of a picture or mask that cannot be read any more.
  public static func content(
    title: String, _ parts: [EvaluatedModel], picturesPerGallery: Int = 20
  ) throws -> ReportContent {
    var content = ReportContent(title: title)
    content.subtitle = parts.map {
      "\($0.model.configuration.detector) on \($0.model.configuration.backbone)"
    }
    .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", ")
    content.summary = summary(parts)
    content.headline = headline(parts)
    content.cautions = cautions(parts)
    content.metrics = metrics(parts)
    content.robustness = robustness(parts)
    for part in parts {
      let curves = part.evaluation.curves
      func add(_ curve: Curve?, _ suffix: String, to list: inout [ReportContent.Curve]) {
        guard let curve else { return }
        let name = parts.count > 1 ? "\(part.name), \(suffix)" : suffix
        list.append(.init(name, curve.points.map { SIMD2($0.x, $0.y) }))
      }
      add(curves.imageROC, "pictures", to: &content.roc)
      add(curves.pixelROC, "pixels", to: &content.roc)
      add(curves.perRegionOverlap, "regions", to: &content.perRegionOverlap)
      add(curves.imagePrecisionRecall, "pictures", to: &content.precisionRecall)
      add(curves.pixelPrecisionRecall, "pixels", to: &content.precisionRecall)
      content.calibration += calibration(part.evaluation.calibration, name: parts.count > 1 ? part.name : nil)
      content.galleries += try galleries(part, count: picturesPerGallery, naming: parts.count > 1)
    }
    content.verdicts = verdicts(all(parts))
    content.listing = listing(all(parts))
    content.scores = scores(parts)
    content.training = training(parts)
    content.configuration = parts.flatMap { configuration($0, naming: parts.count > 1) }
    content.versions = versions(parts)
    return content
  }

  private static func all(_ parts: [EvaluatedModel]) -> [Evaluation.Picture] {
    parts.flatMap(\.evaluation.pictures)
  }

  private static func summary(_ parts: [EvaluatedModel]) -> String {
    let counts = Verdicts(all(parts))
    let points = Set(parts.map { "\($0.evaluation.rule.operatingPoint.falseAlarms)" }).sorted()
    return
      "Of \(counts.anomalous) pictures with a defect, \(counts.count(.anomalous, ofAnomalous: true)) were stopped and "
      + "\(counts.count(.review, ofAnomalous: true)) are to be reviewed; of \(counts.normal) good ones, "
      + "\(counts.count(.anomalous, ofAnomalous: false)) and \(counts.count(.review, ofAnomalous: false)). No threshold "
      + "was chosen by looking at defects: a picture is stopped when fewer than \(points.joined(separator: " or ")) "
      + "regions like its most significant one are expected in a picture of a good part."
  }

  private static func headline(_ parts: [EvaluatedModel]) -> [ReportContent.Figure] {
    let measures: [(Measure, String)] = [
      (.imageAUROC, "Image AUROC"), (.pixelAUROC, "Pixel AUROC"), (.aupro, "AUPRO"),
      (.stoppedDefects, "Defects found"), (.stoppedNormalImages, "Good pictures stopped"),
      (.maskIoU, "IoU of masks on defects"),
    ]
    let figures = measures.map { measure, name in
      let values = parts.compactMap { $0.evaluation.overall[measure].value }
      let mean = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      return ReportContent.Figure(name, mean, note: note(measure, parts))
    }
    let seconds = parts.map(\.evaluation.secondsPerImage).reduce(0, +) / Double(max(parts.count, 1))
    return figures + [.init("Seconds per picture", seconds)]
  }

  /// What a headline figure rests on: the interval of one evaluation, or the number of several.
  private static func note(_ measure: Measure, _ parts: [EvaluatedModel]) -> String? {
    guard parts.count == 1 else { return "mean over \(parts.count) categories" }
    let evaluation = parts[0].evaluation
    return evaluation.overall[measure].reason
      ?? evaluation.intervals[measure].map {
        "95%: \(HTML.number($0.lowerBound, digits: 3)) to \(HTML.number($0.upperBound, digits: 3))"
      }
  }

  private static func cautions(_ parts: [EvaluatedModel]) -> [String] {
    var cautions: [String] = []
    if parts.contains(where: { $0.model.configuration.trainingRecord?.selection == .testAUROC }) {
      cautions.append(
        "The epoch was chosen by the pixel AUROC on a test set, as the published code does: the figures are optimistic."
      )
    }
    if parts.contains(where: { $0.model.configuration.trainingRecord?.finished == false }) {
      cautions.append("The training of a model was not finished.")
    }
    for part in parts {
      let counts = Verdicts(part.evaluation.pictures)
      let promised = part.evaluation.rule.operatingPoint.falseAlarms
      if let stopped = counts.share(.anomalous, ofAnomalous: false), counts.normal >= 10,
        stopped > max(3 * promised, 0.1)
      {
        cautions.append(
          "\(part.name): \(HTML.number(stopped * 100, digits: 0))% of the good pictures are stopped, where at most "
            + "\(HTML.number(promised * 100, digits: 1))% were promised. They may look unlike those that the model was "
            + "calibrated on; calibrating on fresh good pictures helps.")
      }
    }
    return cautions + parts.flatMap(\.evaluation.warnings).prefix(10)
  }

  private static let columns: [Measure] = [
    .imageAUROC, .imageAveragePrecision, .stoppedAnomalousImages, .reviewedAnomalousImages, .stoppedDefects,
    .pixelAUROC, .pixelAveragePrecision, .pixelF1AtLogNFA0, .aupro, .meanIoUAtLogNFA0, .meanIoUOracle,
    .meanIoUAtFairThreshold, .maskIoU, .maskIoUOracle, .foundMaskIoU, .foundMaskPrecision, .foundMaskRecall,
    .foundMaskAreaRatio,
  ]

  private static func metrics(_ parts: [EvaluatedModel]) -> ReportContent.Table {
    // A fair threshold that nobody asked for needs no column.
    let columns = columns.filter { measure in
      measure != .meanIoUAtFairThreshold || parts.contains { $0.evaluation.fairThreshold != nil }
    }
    func row(_ name: String, _ figures: Evaluation.Figures, isTotal: Bool) -> ReportContent.Row {
      .init(name, columns.map { .init(figures[$0].value, reason: figures[$0].reason) }, isTotal: isTotal)
    }
    let rows = parts.flatMap { part in
      part.evaluation.defectTypes.map {
        row(parts.count > 1 ? "\(part.name): \($0.name)" : $0.name, $0, isTotal: false)
      } + [row(parts.count > 1 ? "\(part.name): all" : "all", part.evaluation.overall, isTotal: true)]
    }
    return .init(columns: columns.map { .init($0.title, isShare: $0.isShare) }, rows: rows)
  }

  private static func robustness(_ parts: [EvaluatedModel]) -> ReportContent.Table? {
    let rows = parts.flatMap { part in
      (part.robustness?.rows ?? []).map { row in
        ReportContent.Row(
          parts.count > 1 ? "\(part.name): \(row.name)" : row.name,
          [row.imageAUROC, row.pixelAUROC, row.falseAlarms].map { .init($0) }, isTotal: row.disturbance == nil
        )
      }
    }
    guard let accepted = parts.lazy.compactMap({ $0.robustness?.accepted }).first, !rows.isEmpty else {
      return nil
    }
    var table = ReportContent.Table(
      columns: [
        .init("image AUROC"), .init("pixel AUROC"),
        .init("false alarms, \(HTML.number(accepted, digits: 2)) accepted", isShare: false),
      ], rows: rows)
    table.title = "Robustness"
    table.rowHeading = "Disturbance of the whole picture"
    return table
  }

  /// Regions per good picture, and the share of good pictures with one, over what is promised.
  static func calibration(_ calibration: CalibrationCurve, name: String?) -> [ReportContent.Curve] {
    guard calibration.pictures > 0 else { return [] }
    typealias Observed = (value: Double, interval: ClosedRange<Double>)
    func curve(_ kind: String, _ observed: (CalibrationCurve.Level) -> Observed?) -> ReportContent.Curve {
      let levels = calibration.levels.compactMap { level in
        observed(level).map { (promised: pow(10, level.logNFA), observed: $0) }
      }
      return .init(
        name.map { "\($0), \(kind)" } ?? kind, levels.map { SIMD2($0.promised, $0.observed.value) },
        intervals: levels.map(\.observed.interval))
    }
    return [
      curve("regions per good picture", calibration.regionsPerPicture),
      curve("share of good pictures with a region", calibration.shareOfPictures),
    ]
  }

  private static func scores(_ parts: [EvaluatedModel]) -> ReportContent.Scores {
    let pictures = all(parts)
    return .init(
      name: "-log NFA of the most significant region",
      good: pictures.filter { !$0.sample.isAnomalous }.map { -$0.logNFA },
      anomalous: pictures.filter(\.sample.isAnomalous).map { -$0.logNFA },
      threshold: parts.first.map { -$0.evaluation.rule.operatingPoint.limit })
  }

  private static func training(_ parts: [EvaluatedModel]) -> ReportContent.Training? {
    var curves: [ReportContent.Curve] = []
    for part in parts {
      guard let epochs = part.model.configuration.trainingRecord?.progress.epochs, !epochs.isEmpty else {
        continue
      }
      let name = parts.count > 1 ? "\(part.name), " : ""
      curves.append(.init(name + "training", epochs.map { SIMD2(Double($0.epoch), $0.loss) }))
      let heldOut = epochs.compactMap { epoch in epoch.heldOutLoss.map { SIMD2(Double(epoch.epoch), $0) } }
      if !heldOut.isEmpty { curves.append(.init(name + "held out", heldOut)) }
    }
    guard !curves.isEmpty else { return nil }
    return .init(
      curves: curves,
      keptEpoch: parts.count == 1 ? parts[0].model.configuration.trainingRecord?.progress.keptEpoch : nil,
      note: "Negative log-likelihood per feature, up to a constant.")
  }

  private static func configuration(_ part: EvaluatedModel, naming: Bool) -> [ReportContent.Property] {
    let configuration = part.model.configuration
    let prefix = naming ? "\(part.name): " : ""
    var rows: [ReportContent.Property] = [
      .init(prefix + "detector", "\(configuration.detector) \(configuration.detectorConfiguration)"),
      .init(prefix + "backbone", configuration.backbone),
      .init(prefix + "picture size", "\(configuration.height) x \(configuration.width)"),
      .init(prefix + "map size", "\(configuration.mapHeight) x \(configuration.mapWidth)"),
    ]
    let rule = part.evaluation.rule
    var test = "published: latents taken to be independent and standard normal"
    if rule.test == .calibrated, let background = configuration.background {
      test = background.summary
    }
    rows.append(.init(prefix + "a contrario test", test))
    rows.append(
      .init(
        prefix + "limits in false alarms per good picture",
        "anomalous below \(rule.operatingPoint.falseAlarms), to be reviewed below \(rule.operatingPoint.review)"
      ))
    if let record = configuration.trainingRecord {
      rows.append(
        .init(
          prefix + "training",
          "\(record.trainingPictures) good pictures, \(record.heldOutPictures) held out, epoch "
            + "\(record.progress.keptEpoch) of \(record.progress.epochs.count) kept by \(record.selection.rawValue), "
            + "seed \(record.seed)"))
      rows.append(.init(prefix + "SHA-256 of the training pictures", record.fingerprint))
    }
    return rows
  }

  private static func versions(_ parts: [EvaluatedModel]) -> [ReportContent.Property] {
    let trained = parts.compactMap { $0.model.configuration.trainingRecord?.machine.description }
    let machine = Machine.current(parts.first?.model.device ?? .cpu)
    return [
      .init("evaluated on", machine.description),
      .init("trained on", Set(trained).sorted().joined(separator: "\n")),
      .init("written", ISO8601DateFormatter().string(from: Date())),
    ].filter { !$0.value.isEmpty }
  }
}
