import BlemishBackbones
import BlemishTraining
import Foundation

extension HTMLReport {
  /// The scores, ROC, per-region overlap, precision-recall, calibration and training, as far as there are
  /// any.
  static func charts(_ content: ReportContent) -> String {
    let charts =
      (content.scores.map(histogram) ?? "") + curves(content) + (content.training.map(training) ?? "")
    return charts.isEmpty ? "" : "<div class=\"charts\">\(charts)</div>"
  }

  private static func curves(_ content: ReportContent) -> String {
    var charts = ""
    let unit = 0.0...1.0
    if !content.roc.isEmpty {
      var chart = SVGChart(
        title: "ROC: true-positive rate against false-positive rate",
        x: .init(name: "false-positive rate", range: unit),
        y: .init(name: "true-positive rate", range: unit)
      )
      chart.reference(from: [0, 0], to: [1, 1])
      charts += figure("ROC", chart, content.roc, "Dashed: chance.")
    }
    if !content.perRegionOverlap.isEmpty {
      let limit = content.proLimit > 0 && content.proLimit <= 1 ? content.proLimit : 1
      let chart = SVGChart(
        title: "Per-region overlap against false-positive rate",
        x: .init(name: "false-positive rate (pixels)", range: 0...limit),
        y: .init(name: "mean overlap per region", range: unit)
      )
      charts += figure(
        "Per-region overlap",
        chart,
        content.perRegionOverlap,
        "Counts up to a false-positive rate of \(HTML.number(limit, digits: 2))."
      )
    }
    if !content.precisionRecall.isEmpty {
      let chart = SVGChart(
        title: "Precision against recall",
        x: .init(name: "recall", range: unit),
        y: .init(name: "precision", range: unit)
      )
      charts += figure("Precision and recall", chart, content.precisionRecall, nil)
    }
    if let range = logarithmicRange(content.calibration) {
      var chart = SVGChart(
        title: "Observed against promised false alarms per good picture",
        x: .init(name: "promised false alarms per picture", range: range, scale: .logarithmic),
        y: .init(name: "observed", range: range, scale: .logarithmic)
      )
      chart.reference(
        from: [range.lowerBound, range.lowerBound],
        to: [range.upperBound, range.upperBound]
      )
      charts += figure(
        "Calibration",
        chart,
        content.calibration,
        "Dashed: as promised. Below it there are fewer false alarms than promised; none at all lies on the axis. "
          + "Upright lines: 95% intervals, exact for independent regions."
      )
    }
    return charts
  }

  /// How the scores of good and anomalous pictures spread, in per cent of each.
  private static func histogram(_ scores: ReportContent.Scores) -> String {
    let good = scores.good.filter(\.isFinite)
    let anomalous = scores.anomalous.filter(\.isFinite)
    let all = good + anomalous
    guard let least = all.min(), let most = all.max() else { return "" }
    var (low, high) = (least, most)
    if let threshold = scores.threshold, threshold.isFinite {
      // A threshold far from all scores would squeeze them into one bar.
      let reach = max(most - least, 1e-9)
      if threshold > least - reach && threshold < most + reach {
        (low, high) = (min(low, threshold), max(high, threshold))
      }
    }
    if !(high - low > abs(high) * 1e-9) { (low, high) = (low - 0.5, high + 0.5) }
    let bins = 32
    let width = (high - low) / Double(bins)
    guard width > 0, width.isFinite else { return "" }
    func shares(_ values: [Double]) -> [Double] {
      var counts = [Double](repeating: 0, count: bins)
      for value in values { counts[min(Int((value - low) / width), bins - 1)] += 1 }
      return counts.map { $0 / Double(max(values.count, 1)) * 100 }
    }
    let (goodShares, anomalousShares) = (shares(good), shares(anomalous))
    let top = max((goodShares + anomalousShares).max() ?? 1, 1) * 1.05
    var chart = SVGChart(
      title: "Histogram of the scores of good and anomalous pictures",
      x: .init(name: scores.name, range: low...high),
      y: .init(name: "per cent of the pictures", range: 0...top)
    )
    for (style, values) in [(0, goodShares), (1, anomalousShares)] {
      for (bin, share) in values.enumerated() where share > 0 {
        let start = low + Double(bin) * width
        chart.bar(from: start + width * 0.06, to: start + width * 0.94, height: share, style: style)
      }
    }
    if let threshold = scores.threshold { chart.mark(x: threshold, label: "threshold") }
    return figure(
      "Scores",
      chart,
      [.init("good (\(scores.good.count))", []), .init("anomalous (\(scores.anomalous.count))", [])],
      nil
    )
  }

  /// The training curves over the epochs.
  private static func training(_ training: ReportContent.Training) -> String {
    let points = training.curves.flatMap(\.points).filter { abs($0.x) < 1e100 && abs($0.y) < 1e100 }
    guard let first = points.first else { return "" }
    let low = points.reduce(first) { pointwiseMin($0, $1) }
    let high = points.reduce(first) { pointwiseMax($0, $1) }
    let margin = max((high.y - low.y) * 0.05, abs(high.y) * 1e-6, 1e-9)
    var chart = SVGChart(
      title: "Training curves over the epochs",
      x: .init(name: "epoch", range: low.x...max(high.x, low.x + 1)),
      y: .init(name: "value", range: (low.y - margin)...(high.y + margin))
    )
    if let epoch = training.keptEpoch { chart.mark(x: Double(epoch), label: "kept: epoch \(epoch)") }
    return figure("Training", chart, training.curves, training.note)
  }

  /// A chart with its lines, a legend and a note.
  private static func figure(
    _ heading: String,
    _ chart: SVGChart,
    _ curves: [ReportContent.Curve],
    _ note: String?
  ) -> String {
    var chart = chart
    for (index, curve) in curves.enumerated() {
      chart.line(curve.points, style: index)
      for (point, interval) in zip(curve.points, curve.intervals) {
        chart.interval(x: point.x, interval, style: index)
      }
    }
    let legend = curves.enumerated().map { index, curve in
      "<li><span class=\"swatch s\(index % 6)\"></span>\(HTML.escaped(curve.name))</li>"
    }
    var figure = "<figure class=\"card\"><h3>\(HTML.escaped(heading))</h3>\(chart.svg)"
    if !legend.isEmpty || note != nil {
      figure += "<figcaption>"
      if !legend.isEmpty { figure += "<ul class=\"legend\">\(legend.joined())</ul>" }
      if let note { figure += "<p>\(HTML.escaped(note))</p>" }
      figure += "</figcaption>"
    }
    return figure + "</figure>"
  }

  /// Whole powers of ten around all positive values; `nil` if there are none.
  private static func logarithmicRange(_ curves: [ReportContent.Curve]) -> ClosedRange<Double>? {
    let ends = curves.flatMap(\.intervals).map(\.upperBound)
    let values = (curves.flatMap(\.points).flatMap { [$0.x, $0.y] } + ends).filter { $0 > 1e-30 && $0 < 1e30 }
    guard let least = values.min(), let most = values.max() else { return nil }
    let low = log10(least).rounded(.down)
    return pow(10, low)...pow(10, max(log10(most).rounded(.up), low + 1))
  }
}
