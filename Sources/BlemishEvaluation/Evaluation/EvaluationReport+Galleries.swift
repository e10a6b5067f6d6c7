import BlemishCore
import Foundation

extension EvaluationReport {
  /// The pictures that tell most: what was found, what was missed, what was wrongly called anomalous.
  static func galleries(
    _ part: EvaluatedModel, count: Int, naming: Bool
  ) throws -> [ReportContent.Gallery] {
    let pictures = part.evaluation.pictures
    let missed = pictures.filter(\.isMissed).sorted { $0.logNFA > $1.logNFA }
    let found = onePerType(pictures.filter { $0.sample.isAnomalous && !$0.isMissed })
    let normal = pictures.filter { !$0.sample.isAnomalous }
    let alarms = normal.filter { $0.verdict == .anomalous }.sorted { $0.logNFA < $1.logNFA }
    let review = normal.filter { $0.verdict == .review }.sorted { $0.logNFA < $1.logNFA }
    let good = normal.filter { $0.verdict == .good }
    let prefix = naming ? "\(part.name): " : ""
    return try [
      ("found defects", "Of every defect type in turn, the most significant first.", found, count),
      (
        "missed defects",
        "The farthest from being significant first; last, those with regions in other places only.",
        missed, count
      ),
      (
        "false alarms", "Good pictures that were stopped, the most significant first.", alarms, count
      ),
      (
        "good pictures to review", "Good pictures that somebody is to look at, the most significant first.",
        review,
        count
      ),
      ("good pictures", "Good pictures that were called good.", good, min(count, 4)),
    ].compactMap { title, note, chosen, limit in
      guard !chosen.isEmpty else { return nil }
      let shown = min(limit, chosen.count)
      let counted = shown < chosen.count ? "\(shown) of \(chosen.count) shown. " : ""
      return ReportContent.Gallery(
        prefix + title, note: counted + note,
        specimens: try chosen.prefix(limit).map { try specimen($0, part) })
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

  private static func specimen(_ evaluated: Evaluation.Picture, _ part: EvaluatedModel) throws
    -> ReportContent.Specimen
  {
    let frame = try part.model.configuration.preprocessor(contentsOf: evaluated.sample.path)
    let picture = frame.picture
    let inspection = try part.model.inspect([frame], options: InspectionOptions(part.evaluation.rule))[0]
    let scale = min(Double(pictureSide) / Double(max(picture.width, picture.height)), 1)
    let (width, height) = (
      max(Int(Double(picture.width) * scale), 1), max(Int(Double(picture.height) * scale), 1)
    )
    let small = picture.eightBitRGB.resized(width: width, height: height, filter: .bilinear)
    let found = try Finding(inspection)
    let heat = try found.heatMap().resized(width: width, height: height, filter: .bilinear)
    let mask = found.mask.resized(width: width, height: height)
    let truth = try evaluated.sample.mask(width: picture.width, height: picture.height)?
      .resized(width: width, height: height)
    return ReportContent.Specimen(
      name: evaluated.sample.name,
      defectType: evaluated.sample.isAnomalous ? evaluated.sample.defectType : nil,
      verdict: evaluated.verdict, isMissed: evaluated.isMissed, score: evaluated.score,
      logNFA: evaluated.logNFA,
      picture: try small.jpegData(quality: 85),
      heatMap: try heat.jpegData(),
      predictedMask: try mask.picture.pngData(), groundTruth: try truth?.picture.pngData())
  }
}
