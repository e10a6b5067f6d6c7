import BlemishEvaluation
import BlemishMeasures
import BlemishSupport
import Foundation

/// An evaluation as a table for people.
enum EvaluationTable {
  private static let columns: [Measure] = [
    .imageAUROC, .pixelAUROC, .aupro, .stoppedAnomalousImages, .reviewedAnomalousImages, .stoppedDefects,
    .maskIoU, .foundMaskIoU, .foundMaskPrecision, .foundMaskRecall, .foundMaskAreaRatio,
  ]

  static func text(_ evaluation: Evaluation) -> String {
    let heading = ["", "images"] + columns.map(\.title)
    let rows =
      [heading]
      + (evaluation.defectTypes + [evaluation.overall]).map { figures in
        [printable(figures.name), "\(figures.images)"] + columns.map { text(figures[$0]) }
      }
    var lines = aligned(rows)
    lines.append("")
    lines += aligned(
      Measure.allCases.compactMap { measure in
        guard let value = evaluation.overall[measure].value else { return nil }
        let interval = evaluation.intervals[measure]
        return [
          measure.title, decimal(value, 4),
          interval.map { "95%: \(decimal($0.lowerBound, 4)) to \(decimal($0.upperBound, 4))" } ?? "",
        ]
      })
    lines.append("seconds per picture: \(decimal(evaluation.secondsPerImage, 4))")
    let reasons = Dictionary(grouping: Measure.allCases.filter { evaluation.overall[$0].reason != nil }) {
      evaluation.overall[$0].reason ?? ""
    }
    for (reason, measures) in reasons.sorted(by: { $0.key < $1.key }) {
      lines.append("no \(measures.map(\.title).joined(separator: ", no ")): \(reason)")
    }
    return lines.joined(separator: "\n")
  }

  /// What is left under disturbances, a line each.
  static func text(_ robustness: Robustness) -> String {
    func text(_ value: Double?) -> String { value.map { decimal($0, 4) } ?? "-" }
    let heading = [
      "disturbance", "image AUROC", "pixel AUROC", "false alarms (\(robustness.accepted) accepted)",
    ]
    return
      ([
        "of \(robustness.good) good and \(robustness.anomalous) anomalous pictures:"
      ]
      + aligned(
        [heading]
          + robustness.rows.map {
            [$0.name, text($0.imageAUROC), text($0.pixelAUROC), text($0.falseAlarms)]
          })).joined(separator: "\n")
  }

  /// Rows as lines whose columns stand below each other.
  static func aligned(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.compactMap { $0.dropFirst(column).first?.count }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { place, cell in
        place + 1 == row.count ? cell : cell.padding(toLength: widths[place], withPad: " ", startingAt: 0)
      }
      return cells.joined(separator: "  ")
    }
  }

  private static func text(_ measured: Measured) -> String { measured.value.map { decimal($0, 4) } ?? "-" }
}
