import BlemishCore
import BlemishSupport
import Foundation

/// Prints the verdict on every picture, and sums them up.
struct VerdictListing {
  enum Style { case text, json, csv }

  private let style: Style
  private let count: Int
  private let quiet: Bool
  private let progress: ProgressLine
  private let start = ContinuousClock.now
  private var counts: [Verdict: Int] = [:]
  /// How many pictures could not be judged.
  private(set) var failures = 0
  /// The worst verdict so far.
  private(set) var worst = Verdict.good

  /// - Parameter count: how many pictures are to be judged.
  init(style: Style, count: Int, quiet: Bool) {
    self.style = style
    self.count = count
    self.quiet = quiet
    // Verdicts on a terminal are progress enough.
    progress = ProgressLine(quiet: quiet || isatty(STDOUT_FILENO) == 1)
    if style == .csv { print(FindingCSV.heading) }
  }

  mutating func add(_ found: FindingJSON) {
    counts[found.verdict, default: 0] += 1
    worst = max(worst, found.verdict)
    switch style {
    case .json: print(found.line)
    case .csv: print(FindingCSV.line(found))
    case .text: printText(found)
    }
    showProgress()
  }

  mutating func add(failure path: String, _ reason: String) {
    failures += 1
    switch style {
    case .json: print(FindingJSON.line(path: path, error: reason))
    case .csv:
      print(FindingCSV.line(path: path, error: reason))
    case .text:
      progress.finish()
      complain("\(reason)")
    }
    showProgress()
  }

  /// Says how many pictures have which verdict; to standard error where programs read standard output.
  func finish() {
    progress.finish()
    let judged = counts.values.reduce(0, +)
    guard !quiet, judged > 0 else { return }
    let rate = Double(judged) / max((ContinuousClock.now - start) / .seconds(1), 1e-6)
    let text =
      "\(judged + failures) pictures: "
      + Verdict.allCases.map { "\(counts[$0, default: 0]) \($0.rawValue)" }.joined(separator: ", ")
      + ", \(failures) unreadable; \(decimal(rate, 1)) pictures/s"
    if style == .text { print(text) } else { complain(text) }
  }

  private func showProgress() {
    let done = counts.values.reduce(failures, +)
    guard count > 0, done > 0 else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let left = seconds / Double(done) * Double(count - done)
    progress.rewrite("\(done) of \(count) pictures  \(duration(max(left, 0))) left", final: false)
  }

  private func printText(_ found: FindingJSON) {
    let verdict =
      switch found.verdict {
      case .good: "good"
      case .review: "REVIEW"
      case .anomalous: "ANOMALOUS"
      case .unlike: "UNLIKE"
      }
    print(
      "\(printable(found.path)): \(verdict)  log NFA \(logNFAText(found.logNFA))  score \(scoreText(found.score))"
        + (found.pValue.map { "  p-value \(String(format: "%.2g", $0))" } ?? ""))
    if let unlike = found.unlike {
      print("  unlike the training pictures: \(unlike.map(\.rawValue).joined(separator: ", "))")
    }
    for (number, region) in found.regions.enumerated() {
      print(
        "  region \(number + 1)\(region.verdict == .review ? " (review)" : ""): \(region.width)x\(region.height) at "
          + "(\(region.x), \(region.y)), area \(region.area), centroid "
          + "(\(decimal(region.centroid.x, 1)), \(decimal(region.centroid.y, 1))), log NFA \(logNFAText(region.logNFA))"
      )
    }
    if found.smallRegions > 0 { print("  and \(found.smallRegions) smaller than the least area") }
  }
}

/// log10 NFA with two decimals, and with as many as it takes to tell it from 0.
func logNFAText(_ value: Double) -> String {
  value == 0 || abs(value) >= 0.005 ? decimal(value, 2) : String(format: "%.1g", value)
}

/// A score with all digits that tell pictures apart.
private func scoreText(_ value: Double) -> String { String(format: "%.7g", value) }

/// Verdicts as comma-separated values (RFC 4180).
enum FindingCSV {
  static let heading =
    "path,verdict,log_nfa,p_value,score,regions,x,y,width,height,area,time,model,model_sha256,false_alarms,review,error"

  /// The line of a picture; place and size are those of its most significant region.
  static func line(_ found: FindingJSON) -> String {
    let first = found.regions.first
    let fields: [String] = [
      found.path, found.verdict.rawValue, "\(found.logNFA)", found.pValue.map { "\($0)" } ?? "",
      "\(found.score)",
      "\(found.regions.count)", first.map { "\($0.x)" } ?? "", first.map { "\($0.y)" } ?? "",
      first.map { "\($0.width)" } ?? "", first.map { "\($0.height)" } ?? "", first.map { "\($0.area)" } ?? "",
      found.time ?? "", found.model?.name ?? "", found.model?.sha256 ?? "", "\(found.limits.falseAlarms)",
      "\(found.limits.review)", "",
    ]
    return fields.map(field).joined(separator: ",")
  }

  /// The line of a picture that could not be judged.
  static func line(path: String, error: String) -> String {
    ([path, "error"] + Array(repeating: "", count: 14) + [error]).map(field).joined(separator: ",")
  }

  /// A field. A spreadsheet would take a field that begins with =, +, - or @ for a
  /// formula; names of files get an apostrophe before these.
  private static func field(_ text: String) -> String {
    var text = text
    if let first = text.first, "=+-@".contains(first), Double(text) == nil { text = "'" + text }
    return csvField(text)
  }
}
