import BlemishTorch

extension ComparisonTable {
  /// The page of the comparison, with links to the pages of its runs in the same folder.
  public func report(title: String) -> ReportContent {
    var content = ReportContent(title: title)
    content.subtitle = parts.map(\.name).joined(separator: ", ")
    content.summary = epochs.joined(separator: " ")
    content.headline = parts.flatMap { part in
      let row = part.rows.last
      return [(Measure.imageAUROC, "image AUROC"), (.pixelAUROC, "pixel AUROC")].map { measure, name in
        let cell = row?.values[measure]
        return ReportContent.Figure(
          "\(part.name): \(name)", cell?.mean,
          suffix: cell?.standardDeviation.map { "± \(HTML.number($0, digits: 3))" },
          note: row.map { "\($0.name), \(cell?.seeds ?? 0) seed\(cell?.seeds == 1 ? "" : "s")" })
      }
    }
    content.cautions = failures.map { "\($0.run.name) failed: \($0.reason)" }
    if !missing.isEmpty { content.cautions.append("Not done yet: \(missing.joined(separator: ", ")).") }
    var table = ReportContent.Table(
      columns: (Measure.published + [.falseAlarmsPerNormalImage]).map {
        .init($0.title, isShare: $0.isShare)
      },
      rows: parts.flatMap(rows) + published.map(row))
    table.title = "Metrics by category"
    table.rowHeading = "Category"
    content.metrics = table
    for part in parts {
      content.calibration += EvaluationReport.calibration(
        part.calibration, name: parts.count > 1 ? part.name : nil)
    }
    content.links = done.map { .init($0, path: "\($0).html") }
    content.configuration = published.map { .init("published: \($0.method)", $0.source) }
    return content
  }

  private func rows(_ part: Part) -> [ReportContent.Row] {
    part.rows.map { row in
      let cells = (Measure.published + [.falseAlarmsPerNormalImage]).map { measure in
        ReportContent.Cell(row.values[measure]?.mean, deviation: row.values[measure]?.standardDeviation)
      }
      return .init(parts.count > 1 ? "\(part.name): \(row.name)" : row.name, cells, isTotal: row.isMean)
    }
  }

  private func row(_ result: PublishedResult) -> ReportContent.Row {
    .init(
      "published: \(result.method)",
      (Measure.published + [.falseAlarmsPerNormalImage]).map { .init(result.values[$0]) }, isTotal: true)
  }
}
