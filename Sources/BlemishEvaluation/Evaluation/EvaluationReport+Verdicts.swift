import BlemishCore
import Foundation

extension EvaluationReport {
  /// The verdicts against the truth, and what each limit would stop and miss.
  static func verdicts(_ pictures: [Evaluation.Picture]) -> [ReportContent.Table] {
    let counts = Verdicts(pictures)
    let shown: [Verdict] = [.good, .review, .anomalous]
    var confusion = ReportContent.Table(
      columns: shown.map { .init($0.rawValue, digits: 0, isShare: false) },
      rows: [(false, "good", counts.normal), (true, "with a defect", counts.anomalous)].filter { $0.2 > 0 }
        .map {
          isAnomalous, name, count in
          .init(
            "\(name) (\(count))",
            shown.map { .init(Double(counts.count($0, ofAnomalous: isAnomalous))) })
        })
    (confusion.title, confusion.rowHeading) = ("Verdict by truth", "Pictures")
    var limits = ReportContent.Table(
      columns: [
        .init("good stopped", isShare: false), .init("with a defect stopped"), .init("with a defect passed"),
      ],
      rows: [3, 1, 0.3, 0.1, 0.05, 0.03, 0.01, 0.003, 0.001].map { limit in
        let stopped = pictures.filter { $0.logNFA < log10(limit) }
        func share(_ isAnomalous: Bool) -> Double? {
          let all = isAnomalous ? counts.anomalous : counts.normal
          return all > 0 ? Double(stopped.count { $0.sample.isAnomalous == isAnomalous }) / Double(all) : nil
        }
        return .init(
          "\(limit)", [.init(share(false)), .init(share(true)), .init(share(true).map { 1 - $0 })])
      })
    (limits.title, limits.rowHeading) = (
      "What each limit would stop", "False alarms accepted per good picture"
    )
    limits.note =
      "At most so many good pictures are promised to be stopped. 1 is the papers' log NFA = 0."
    return [confusion, limits]
  }

  /// Every picture, the most significant first.
  static func listing(_ pictures: [Evaluation.Picture]) -> ReportContent.Table? {
    guard !pictures.isEmpty else { return nil }
    var table = ReportContent.Table(
      columns: [
        .init("truth", isShare: false), .init("verdict", isShare: false),
        .init("log NFA", digits: 2, isShare: false), .init("score", digits: 6, isShare: false),
      ],
      rows: pictures.sorted { $0.logNFA < $1.logNFA }.map {
        .init(
          $0.sample.name,
          [
            .init(text: $0.sample.defectType), .init(text: $0.verdict.rawValue), .init($0.logNFA),
            .init($0.score),
          ])
      })
    (table.title, table.rowHeading) = ("All pictures", "Picture")
    table.note = "The most significant first."
    return table
  }
}
