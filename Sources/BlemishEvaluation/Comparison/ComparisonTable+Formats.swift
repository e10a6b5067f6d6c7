import BlemishSupport
import BlemishTorch
import Foundation

extension ComparisonTable {
  /// The first line of the file of ``markdown``, by which it is known again.
  static let markdownMark = "<!-- Blemish: comparison -->"
  /// The first line of the file of ``latex``.
  static let latexMark = "% Blemish: comparison"

  /// A line of a printed table.
  private struct Line {
    var name: String
    var cells: [String]
    var isMean: Bool
  }

  /// The table for people, in Markdown: rates in per cent, as the papers give them.
  public var markdown: String {
    var text = ""
    for part in parts {
      text += "## \(part.name)\n\n"
      text += "| | \(Measure.published.map(\.title).joined(separator: " | ")) |\n"
      text += "| --- |\(String(repeating: " ---: |", count: Measure.published.count))\n"
      for line in lines(part, plusMinus: " ± ") {
        let cells = line.isMean ? line.cells.map { $0 == "–" ? $0 : "**\($0)**" } : line.cells
        text +=
          "| \(line.name.replacingOccurrences(of: "|", with: "\\|")) | \(cells.joined(separator: " | ")) |\n"
      }
      text += "\n"
    }
    return text + notes.map { "- \($0)\n" }.joined()
  }

  /// The table for a paper: a LaTeX `tabular` in the style of the package booktabs for each part.
  public var latex: String {
    var text = ""
    for part in parts {
      text += "% \(Self.escaped(part.name))\n"
      text += "\\begin{tabular}{l\(String(repeating: "r", count: Measure.published.count))}\n\\toprule\n"
      text +=
        " & \(Measure.published.map { Self.escaped($0.title) }.joined(separator: " & ")) \\\\\n\\midrule\n"
      var wasMean = false
      for line in lines(part, plusMinus: " $\\pm$ ") {
        if line.isMean && !wasMean { text += "\\midrule\n" }
        wasMean = line.isMean
        let cells = line.cells.map { $0 == "–" ? "--" : $0 }
        text += "\(Self.escaped(line.name)) & \(cells.joined(separator: " & ")) \\\\\n"
      }
      text += "\\bottomrule\n\\end{tabular}\n\n"
    }
    return text + notes.map { "% \($0)\n" }.joined()
  }

  /// Every measure of every row as comma-separated values, fractions in full precision.
  public var csv: String {
    let columns = Measure.allCases.flatMap { [$0.rawValue, "\($0.rawValue)_sd"] }
    var lines = [
      (["detector", "backbone", "category", "seeds", "epoch_selection"] + columns).joined(separator: ",")
    ]
    for part in parts {
      for row in part.rows {
        let seeds = row.values.values.map(\.seeds).max() ?? 0
        let values = Measure.allCases.flatMap { measure -> [String] in
          let cell = row.values[measure]
          return [cell.map { "\($0.mean)" } ?? "", cell?.standardDeviation.map { "\($0)" } ?? ""]
        }
        lines.append(
          ([part.detector, part.backbone, row.name].map(csvField) + ["\(seeds)", part.selection] + values)
            .joined(separator: ",")
        )
      }
    }
    for result in published {
      let values = Measure.allCases.flatMap { [result.values[$0].map { "\($0)" } ?? "", ""] }
      lines.append(
        ([csvField("published: \(result.method)"), csvField(result.source), "mean", "", ""] + values)
          .joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Everything as JSON.
  public var json: String {
    get throws {
      let encoder = JSONEncoder.stable
      encoder.outputFormatting.insert(.prettyPrinted)
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }

  /// What must be known to judge the figures.
  public var notes: [String] {
    var notes = ["Rates are in per cent, mIoU is a fraction; ± is the standard deviation over seeds."]
    notes += epochs
    notes += published.map { "\($0.method), published: \($0.source)." }
    notes += failures.map {
      "Failed: \($0.run.name): \($0.reason.split(separator: "\n").joined(separator: " "))"
    }
    if !missing.isEmpty { notes.append("Not done yet: \(missing.joined(separator: ", ")).") }
    return notes
  }

  private func lines(_ part: Part, plusMinus: String) -> [Line] {
    let own = part.rows.map { row in
      Line(
        name: row.name, cells: Measure.published.map { Self.text(row.values[$0], $0, plusMinus: plusMinus) },
        isMean: row.isMean)
    }
    let others = published.filter { $0.detector == nil || $0.detector == part.detector }.map { result in
      Line(
        name: "published: \(result.method)",
        cells: Measure.published.map { measure in
          result.values[measure].map { Self.number($0, measure) } ?? "–"
        }, isMean: true)
    }
    return own + others
  }

  /// A figure as the papers print it: rates in per cent, overlaps as fractions.
  private static func text(_ cell: Cell?, _ measure: Measure, plusMinus: String) -> String {
    guard let cell else { return "–" }
    let deviation = cell.standardDeviation.map { plusMinus + number($0, measure) } ?? ""
    return number(cell.mean, measure) + deviation
  }

  private static func number(_ value: Double, _ measure: Measure) -> String {
    switch measure {
    case .imageAUROC, .pixelAUROC, .aupro: String(format: "%.2f", value * 100)
    default: String(format: "%.3f", value)
    }
  }

  /// Text without LaTeX's special characters.
  private static func escaped(_ text: String) -> String {
    text.map { character -> String in
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(character)"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "\\": "\\textbackslash{}"
      default: String(character)
      }
    }.joined()
  }
}
