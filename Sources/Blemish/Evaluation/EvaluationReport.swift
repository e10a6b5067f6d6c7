import Datasets
import Foundation
import Imaging
import Metrics
import Torch

/// A model with its evaluation, as one part of a report.
public struct EvaluatedModel {
  /// What the part is called: the data set, or its category.
  public var name: String
  /// The model.
  public var model: Model
  /// Its evaluation.
  public var evaluation: Evaluation

  /// A model with its evaluation.
  public init(name: String, model: Model, evaluation: Evaluation) {
    self.name = name
    self.model = model
    self.evaluation = evaluation
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
    content.subtitle = parts.map { "\($0.model.configuration.detector) on \($0.model.configuration.backbone)" }
      .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", ")
    content.summary = summary(parts)
    content.headline = headline(parts)
    content.cautions = cautions(parts)
    content.metrics = metrics(parts)
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
      content.galleries += try galleries(part, count: picturesPerGallery, naming: parts.count > 1)
    }
    content.scores = scores(parts)
    content.training = training(parts)
    content.configuration = parts.flatMap { configuration($0, naming: parts.count > 1) }
    content.versions = [
      .init("Blemish", blemishVersion), .init("libtorch", Torch.version),
      .init("written", ISO8601DateFormatter().string(from: Date())),
    ]
    return content
  }

  private static func all(_ parts: [EvaluatedModel]) -> [Evaluation.Picture] {
    parts.flatMap(\.evaluation.pictures)
  }

  private static func summary(_ parts: [EvaluatedModel]) -> String {
    let pictures = all(parts)
    let anomalous = pictures.filter(\.sample.isAnomalous)
    let good = pictures.filter { !$0.sample.isAnomalous }
    return "Of \(anomalous.count) pictures with a defect, \(anomalous.count { $0.logNFA < 0 }) were called anomalous; "
      + "of \(good.count) good ones, \(good.count { $0.logNFA < 0 }) were. No threshold was chosen: a region counts "
      + "when fewer than one like it is expected in a picture of a good part (log NFA below 0)."
  }

  private static func headline(_ parts: [EvaluatedModel]) -> [ReportContent.Figure] {
    func mean(_ figure: (Evaluation) -> Measured) -> Double? {
      let values = parts.compactMap { figure($0.evaluation).value }
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    let note = parts.count > 1 ? "mean over \(parts.count) categories" : nil
    return [
      .init("Image AUROC", mean(\.overall.imageAUROC), note: note),
      .init("Pixel AUROC", mean(\.overall.pixelAUROC), note: note),
      .init("AUPRO", mean(\.overall.aupro), note: note),
      .init("mIoU at log NFA = 0", mean(\.overall.meanIoUAtLogNFA0), note: note),
      .init("False alarms per good picture", mean(\.falseAlarmsPerNormalImage), note: note),
      .init(
        "Seconds per picture",
        parts.map(\.evaluation.secondsPerImage).reduce(0, +) / Double(max(parts.count, 1))),
    ]
  }

  private static func cautions(_ parts: [EvaluatedModel]) -> [String] {
    var cautions: [String] = []
    if parts.contains(where: { $0.model.configuration.training?.selection == .testAUROC }) {
      cautions.append(
        "The epoch was chosen by the pixel AUROC on a test set, as the published code does: the figures are optimistic.")
    }
    if parts.contains(where: { $0.model.configuration.training?.finished == false }) {
      cautions.append("The training of a model was not finished.")
    }
    return cautions + parts.flatMap(\.evaluation.warnings).prefix(10)
  }

  private static func metrics(_ parts: [EvaluatedModel]) -> ReportContent.Table {
    func row(_ name: String, _ figures: Evaluation.Figures, isTotal: Bool) -> ReportContent.Row {
      let measured = [
        figures.imageAUROC, figures.pixelAUROC, figures.aupro, figures.meanIoUAtLogNFA0, figures.meanIoUOracle,
        figures.detectedAnomalousImages,
      ]
      return .init(name, measured.map { .init($0.value, reason: $0.reason) }, isTotal: isTotal)
    }
    let rows = parts.flatMap { part in
      part.evaluation.defectTypes.map {
        row(parts.count > 1 ? "\(part.name): \($0.name)" : $0.name, $0, isTotal: false)
      } + [row(parts.count > 1 ? "\(part.name): all" : "all", part.evaluation.overall, isTotal: true)]
    }
    return .init(
      columns: [
        .init("Image AUROC"), .init("Pixel AUROC"), .init("AUPRO"), .init("mIoU at log NFA = 0"),
        .init("mIoU, best threshold in hindsight"), .init("Found at log NFA = 0"),
      ], rows: rows)
  }

  private static func scores(_ parts: [EvaluatedModel]) -> ReportContent.Scores {
    let pictures = all(parts)
    return .init(
      name: "-log NFA of the most significant region",
      good: pictures.filter { !$0.sample.isAnomalous }.map { -$0.logNFA },
      anomalous: pictures.filter(\.sample.isAnomalous).map { -$0.logNFA }, threshold: 0)
  }

  private static func training(_ parts: [EvaluatedModel]) -> ReportContent.Training? {
    var curves: [ReportContent.Curve] = []
    for part in parts {
      guard let epochs = part.model.configuration.training?.progress.epochs, !epochs.isEmpty else { continue }
      let name = parts.count > 1 ? "\(part.name), " : ""
      curves.append(.init(name + "training", epochs.map { SIMD2(Double($0.epoch), $0.loss) }))
      let heldOut = epochs.compactMap { epoch in epoch.heldOutLoss.map { SIMD2(Double(epoch.epoch), $0) } }
      if !heldOut.isEmpty { curves.append(.init(name + "held out", heldOut)) }
    }
    guard !curves.isEmpty else { return nil }
    return .init(
      curves: curves, keptEpoch: parts.count == 1 ? parts[0].model.configuration.training?.progress.keptEpoch : nil,
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
    if let record = configuration.training {
      rows.append(
        .init(
          prefix + "training",
          "\(record.trainingPictures) good pictures, \(record.heldOutPictures) held out, epoch "
            + "\(record.progress.keptEpoch) of \(record.progress.epochs.count) kept by \(record.selection.rawValue), "
            + "seed \(record.seed)"))
      rows.append(.init(prefix + "fingerprint of the training pictures", record.fingerprint))
    }
    return rows
  }

  // MARK: Pictures

  private static func galleries(
    _ part: EvaluatedModel, count: Int, naming: Bool
  ) throws -> [ReportContent.Gallery] {
    let pictures = part.evaluation.pictures
    let missed = pictures.filter { $0.sample.isAnomalous && $0.logNFA >= 0 }.sorted { $0.logNFA > $1.logNFA }
    let alarms = pictures.filter { !$0.sample.isAnomalous && $0.logNFA < 0 }.sorted { $0.logNFA < $1.logNFA }
    let found = onePerType(pictures.filter { $0.sample.isAnomalous && $0.logNFA < 0 })
    let good = pictures.filter { !$0.sample.isAnomalous && $0.logNFA >= 0 }
    let prefix = naming ? "\(part.name): " : ""
    return try [
      ("found defects", "Of every defect type in turn, the most significant first.", found, count),
      ("missed defects", "The farthest from being significant first.", missed, count),
      ("false alarms", "Good pictures that were called anomalous, the most significant first.", alarms, count),
      ("good pictures", "Good pictures that were called good.", good, min(count, 4)),
    ].compactMap { title, note, chosen, limit in
      guard !chosen.isEmpty else { return nil }
      return ReportContent.Gallery(
        prefix + title, note: note, specimens: try chosen.prefix(limit).map { try specimen($0, part.model) })
    }
  }

  /// Pictures in rounds: the most significant of every type, then the second of every type.
  private static func onePerType(_ pictures: [Evaluation.Picture]) -> [Evaluation.Picture] {
    let types = Dictionary(grouping: pictures, by: \.sample.defectType)
      .mapValues { $0.sorted { $0.logNFA < $1.logNFA } }
    let rounds = types.values.map(\.count).max() ?? 0
    return (0..<rounds).flatMap { round in
      types.keys.sorted().compactMap { types[$0]!.dropFirst(round).first }
    }
  }

  /// The longest side of pictures in the report.
  private static let pictureSide = 256

  private static func specimen(_ evaluated: Evaluation.Picture, _ model: Model) throws -> ReportContent.Specimen {
    let picture = try Picture(contentsOf: evaluated.sample.path)
    let inspection = try model.inspect([model.configuration.prepare(picture, path: evaluated.sample.path)])[0]
    let scale = min(Double(pictureSide) / Double(max(picture.width, picture.height)), 1)
    let (width, height) = (
      max(Int(Double(picture.width) * scale), 1), max(Int(Double(picture.height) * scale), 1)
    )
    let small = picture.eightBitRGB.resized(width: width, height: height, filter: .bilinear)
    let heat = inspection.anomalyMap.resized(width: width, height: height)
    let map = try inspection.logNFAMapOfPicture()
    let mask = inspection.mask(of: map).resized(width: width, height: height)
    let truth = try evaluated.sample.mask(width: picture.width, height: picture.height)?
      .resized(width: width, height: height)
    return ReportContent.Specimen(
      name: evaluated.sample.name, defectType: evaluated.sample.isAnomalous ? evaluated.sample.defectType : nil,
      isCalledAnomalous: evaluated.logNFA < 0, score: evaluated.score, logNFA: evaluated.logNFA,
      picture: try small.jpegData(quality: 85), heatMap: try small.overlaid(with: heat, range: 0...1).jpegData(),
      predictedMask: try mask.picture.pngData(), groundTruth: try truth?.picture.pngData())
  }
}
