import BlemishSynthesis
import Foundation

/// A chart as inline SVG. Colours come from the page's style sheet, so that it follows light and dark.
struct SVGChart {
  /// How values become places along an axis.
  enum Scale {
    case linear
    case logarithmic
  }

  /// One axis.
  struct Axis {
    var name: String
    var range: ClosedRange<Double>
    var scale = Scale.linear

    /// 0 at the lower end, 1 at the upper; values beyond stop at the ends.
    func position(_ value: Double) -> Double {
      let value = min(max(value, range.lowerBound), range.upperBound)
      switch scale {
      case .linear: return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      case .logarithmic:
        let (low, high) = (log10(range.lowerBound), log10(range.upperBound))
        return (log10(value) - low) / (high - low)
      }
    }

    /// Round numbers along the axis.
    var ticks: [(value: Double, label: String)] {
      switch scale {
      case .logarithmic:
        let powers = Int(log10(range.lowerBound).rounded())...Int(log10(range.upperBound).rounded())
        let stride = max(1, powers.count / 6)
        return powers.filter { $0 % stride == 0 }.map { (pow(10, Double($0)), SVGChart.powerOfTen($0)) }
      case .linear:
        let rough = (range.upperBound - range.lowerBound) / 5
        guard rough.isFinite, rough > 1e-200 else { return [] }
        let power = pow(10, log10(rough).rounded(.down))
        let step = ([1, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
        let digits = max(0, Int((-log10(step)).rounded(.up)) + (step / power == 2.5 ? 1 : 0))
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        guard first <= last, last - first < 50 else { return [] }
        return Array(stride(from: first, through: last, by: 1)).map {
          ($0 * step, HTML.number($0 * step, digits: digits))
        }
      }
    }
  }

  /// What the chart shows, for those who do not see it.
  var title: String
  var x: Axis
  var y: Axis
  private var marks = ""

  private static let size = (width: 460.0, height: 320.0)
  private static let plot = (left: 58.0, top: 14.0, right: 444.0, bottom: 268.0)
  private static let maximumPoints = 400

  init(title: String, x: Axis, y: Axis) {
    self.title = title
    self.x = x
    self.y = y
  }

  /// A line through points; `style` is its number in the palette.
  mutating func line(_ points: [SIMD2<Double>], style: Int) {
    let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
    guard !finite.isEmpty else { return }
    let places = SVGChart.thinned(finite).map(place)
    marks += "<polyline class=\"line s\(style % 6)\" points=\"\(places.joined(separator: " "))\"/>"
    if finite.count == 1 {
      let parts = places[0].split(separator: ",")
      marks += "<circle class=\"dot s\(style % 6)\" cx=\"\(parts[0])\" cy=\"\(parts[1])\" r=\"4\"/>"
    }
  }

  /// A dashed line between two points: what one would expect by chance, or as promised.
  mutating func reference(from start: SIMD2<Double>, to end: SIMD2<Double>) {
    marks += "<polyline class=\"reference\" points=\"\(place(start)) \(place(end))\"/>"
  }

  /// An upright line over an interval of y.
  mutating func interval(x value: Double, _ interval: ClosedRange<Double>, style: Int) {
    guard value.isFinite, interval.lowerBound.isFinite, interval.upperBound.isFinite else { return }
    // Intervals of several lines at one place must not hide each other.
    let at = short(horizontal(value) + Double(style % 6) * 2)
    marks += "<line class=\"interval s\(style % 6)\" x1=\"\(at)\" x2=\"\(at)\" "
    marks += "y1=\"\(short(vertical(interval.lowerBound)))\" y2=\"\(short(vertical(interval.upperBound)))\"/>"
  }

  /// A bar that stands on the lower end of the y axis.
  mutating func bar(from start: Double, to end: Double, height: Double, style: Int) {
    let (left, right) = (horizontal(start), horizontal(end))
    let top = vertical(height)
    guard right > left, SVGChart.plot.bottom > top else { return }
    marks += "<rect class=\"bar s\(style % 6)\" x=\"\(short(left))\" y=\"\(short(top))\" "
    marks += "width=\"\(short(right - left))\" height=\"\(short(SVGChart.plot.bottom - top))\"/>"
  }

  /// A vertical line with a word beside it.
  mutating func mark(x value: Double, label: String) {
    guard value.isFinite, x.range.contains(value) else { return }
    let at = horizontal(value)
    let leftwards = at > (SVGChart.plot.left + SVGChart.plot.right) / 2
    marks += "<line class=\"mark\" x1=\"\(short(at))\" x2=\"\(short(at))\" "
    marks += "y1=\"\(SVGChart.plot.top)\" y2=\"\(SVGChart.plot.bottom)\"/>"
    marks +=
      "<text class=\"mark-label\" x=\"\(short(at + (leftwards ? -6 : 6)))\" y=\"\(SVGChart.plot.top + 13)\" "
    marks += "text-anchor=\"\(leftwards ? "end" : "start")\">\(HTML.escaped(label))</text>"
  }

  /// The whole chart.
  var svg: String {
    let plot = SVGChart.plot
    let (width, height) = (SVGChart.size.width, SVGChart.size.height)
    var svg = "<svg viewBox=\"0 0 \(short(width)) \(short(height))\" role=\"img\" "
    svg += "xmlns=\"http://www.w3.org/2000/svg\" aria-label=\"\(HTML.escaped(title))\">"
    svg += "<title>\(HTML.escaped(title))</title>"
    for tick in x.ticks {
      let at = short(horizontal(tick.value))
      svg += "<line class=\"grid\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(plot.top)\" y2=\"\(plot.bottom)\"/>"
      svg += "<text x=\"\(at)\" y=\"\(plot.bottom + 18)\" text-anchor=\"middle\">\(tick.label)</text>"
    }
    for tick in y.ticks {
      let at = vertical(tick.value)
      svg +=
        "<line class=\"grid\" x1=\"\(plot.left)\" x2=\"\(plot.right)\" "
        + "y1=\"\(short(at))\" y2=\"\(short(at))\"/>"
      svg += "<text x=\"\(plot.left - 8)\" y=\"\(short(at + 4))\" text-anchor=\"end\">\(tick.label)</text>"
    }
    svg += "<g>\(marks)</g>"
    svg += "<path class=\"axis\" d=\"M\(plot.left) \(plot.top)V\(plot.bottom)H\(plot.right)\"/>"
    let (middleX, middleY) = ((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2)
    svg += "<text class=\"name\" x=\"\(middleX)\" y=\"\(short(height - 10))\" text-anchor=\"middle\">"
    svg += "\(HTML.escaped(x.name))</text>"
    svg += "<text class=\"name\" transform=\"translate(13 \(middleY)) rotate(-90)\" text-anchor=\"middle\">"
    svg += "\(HTML.escaped(y.name))</text></svg>"
    return svg
  }

  private func horizontal(_ value: Double) -> Double {
    SVGChart.plot.left + x.position(value) * (SVGChart.plot.right - SVGChart.plot.left)
  }

  private func vertical(_ value: Double) -> Double {
    SVGChart.plot.bottom - y.position(value) * (SVGChart.plot.bottom - SVGChart.plot.top)
  }

  private func place(_ point: SIMD2<Double>) -> String {
    "\(short(horizontal(point.x))),\(short(vertical(point.y)))"
  }

  private func short(_ value: Double) -> String {
    let text = String(format: "%.1f", value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// At most `maximumPoints` of the points: the ends, and those between at even steps along the line's
  /// course, so that a step of a curve is kept where thousands of points crowd in a corner.
  private static func thinned(_ points: [SIMD2<Double>]) -> [SIMD2<Double>] {
    guard points.count > maximumPoints, let first = points.first, let last = points.last else {
      return points
    }
    let low = points.reduce(first) { pointwiseMin($0, $1) }
    let high = points.reduce(first) { pointwiseMax($0, $1) }
    let extent = pointwiseMax(high - low, SIMD2(repeating: .leastNormalMagnitude))
    var (kept, covered, length) = ([first], 0.0, 0.0)
    for (from, to) in zip(points, points.dropFirst()) {
      let step = (to - from) / extent
      length += abs(step.x) + abs(step.y)
    }
    let spacing = length / Double(maximumPoints - 2)
    for (from, to) in zip(points, points.dropFirst()) {
      let step = (to - from) / extent
      covered += abs(step.x) + abs(step.y)
      if covered >= spacing {
        kept.append(to)
        covered = 0
      }
    }
    if kept.last != last { kept.append(last) }
    return kept
  }

  private static func powerOfTen(_ exponent: Int) -> String {
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    switch exponent {
    case 0: return "1"
    case 1: return "10"
    default:
      let power = String(abs(exponent)).compactMap { $0.wholeNumberValue }.map { digits[$0] }.joined()
      return "10" + (exponent < 0 ? "⁻" : "") + power
    }
  }
}
