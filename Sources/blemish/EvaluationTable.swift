import Blemish
import Foundation
import Metrics

/// An evaluation as a table for people.
enum EvaluationTable {
  static func text(_ evaluation: Evaluation) -> String {
    let columns = ["", "images", "image AUROC", "pixel AUROC", "AUPRO", "mIoU at log NFA 0", "mIoU oracle", "found"]
    var rows = (evaluation.defectTypes + [evaluation.overall]).map { figures in
      [
        figures.name, "\(figures.images)", text(figures.imageAUROC), text(figures.pixelAUROC), text(figures.aupro),
        text(figures.meanIoUAtLogNFA0), text(figures.meanIoUOracle), text(figures.detectedAnomalousImages),
      ]
    }
    rows.insert(columns, at: 0)
    let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
    }
    lines.append("")
    if let interval = evaluation.imageAUROCInterval {
      lines.append(
        "image AUROC, 95% interval: \(decimal(interval.lowerBound, 4)) to \(decimal(interval.upperBound, 4))")
    }
    lines.append("false alarms per good picture: \(text(evaluation.falseAlarmsPerNormalImage))")
    lines.append("seconds per picture: \(decimal(evaluation.secondsPerImage, 4))")
    for (name, reason) in EvaluationJSON(evaluation).unavailable.sorted(by: { $0.key < $1.key }) {
      lines.append("no \(name): \(reason)")
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ measured: Measured) -> String { measured.value.map { decimal($0, 4) } ?? "-" }
}
