import BlemishCore
import BlemishEvaluation
import BlemishScoring
import Foundation

/// The page of a manifest's results.
enum ScoringReport {
  static func content(_ summary: ScoringSummary, _ run: ScoringRun) -> ReportContent {
    var content = ReportContent(title: URL(fileURLWithPath: run.manifest).lastPathComponent)
    content.subtitle = "\(run.pictures) pictures, \(run.shards) shards, \(summary.parts) parts"
    content.headline =
      [("Pictures judged", summary.judged)].map { .init($0, Double($1), digits: 0) }
      + Verdict.allCases.map { .init($0.rawValue, Double(summary.count($0)), digits: 0) }
      + [.init("Unreadable", Double(summary.failures), digits: 0)]
    content.cautions = cautions(summary)
    var table = ReportContent.Table(
      columns: (Verdict.allCases.map(\.rawValue) + ["pictures"]).map { .init($0, digits: 0, isShare: false) },
      rows: summary.models.map(row))
    table.title = "Verdicts by model"
    table.rowHeading = "Model"
    content.metrics = table
    if !summary.outstanding.isEmpty {
      var listing = ReportContent.Table(
        columns: ["model", "verdict", "log NFA"].map { .init($0, isShare: false) },
        rows: summary.outstanding.map {
          .init($0.id, [.init(text: $0.model), .init(text: $0.verdict.rawValue), .init($0.logNFA)])
        })
      listing.title = "The most significant pictures"
      listing.rowHeading = "Picture"
      content.listing = listing
    }
    content.configuration = [
      .init("manifest", run.manifest), .init("test", run.options.inspection.test.rawValue),
      .init("false alarms", run.options.inspection.falseAlarms.map { "\($0)" } ?? "as the model says"),
    ]
    content.versions = [.init("Blemish", run.blemish)]
    return content
  }

  private static func cautions(_ summary: ScoringSummary) -> [String] {
    var cautions: [String] = []
    if !summary.missingParts.isEmpty || !summary.damagedParts.isEmpty {
      cautions.append(
        "\(summary.missingPictures) pictures have no result: \(summary.missingParts.count) parts are missing, "
          + "\(summary.damagedParts.count) are damaged.")
    }
    if summary.doublePictures > 0 {
      cautions.append("\(summary.doublePictures) rows of the manifest have an id that another one has.")
    }
    if !summary.foreignParts.isEmpty {
      cautions.append("\(summary.foreignParts.count) files of parts are of another run and not counted.")
    }
    for model in summary.models where model.hashes.count > 1 {
      cautions.append("\(model.hashes.count) different models named \(model.model) have judged.")
    }
    return cautions + summary.examples.prefix(20).map { "Not judged: \($0)." }
  }

  private static func row(_ model: ScoringSummary.OfModel) -> ReportContent.Row {
    let counts = Verdict.allCases.map { model.verdicts[$0.rawValue] ?? 0 }
    return .init(model.model, (counts + [counts.reduce(0, +)]).map { .init(Double($0)) })
  }
}
