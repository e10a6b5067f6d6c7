import Foundation
import Testing

@testable import BlemishEvaluation

@Suite struct SVGChartTests {
  @Test(arguments: [
    (0.0...1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]), (0.0...0.3, ["0.0", "0.1", "0.2", "0.3"]),
    (-40.0...110.0, ["0", "50", "100"]), (1.0...61.0, ["20", "40", "60"]),
  ])
  func ticksAreRoundNumbers(range: ClosedRange<Double>, labels: [String]) {
    #expect(SVGChart.Axis(name: "x", range: range).ticks.map(\.label) == labels)
  }

  @Test func logarithmicTicksArePowersOfTen() {
    let axis = SVGChart.Axis(name: "x", range: 0.01...10, scale: .logarithmic)
    #expect(axis.ticks.map(\.label) == ["10⁻²", "10⁻¹", "1", "10"])
    #expect(axis.position(0) == 0)
    #expect(abs(axis.position(1) - 2.0 / 3) < 1e-12)
  }

  @Test func longCurvesAreThinnedButKeepTheirShape() throws {
    let axis = SVGChart.Axis(name: "x", range: 0...1)
    var chart = SVGChart(title: "t", x: axis, y: axis)
    // A step at the very left that even sampling would miss.
    let points = (0...100_000).map { SIMD2(Double($0) / 100_000, $0 < 20 ? 0.0 : 1.0) }
    chart.line(points, style: 0)
    let places = try #require(Outline(chart.svg)?.values(of: "points", in: "polyline").first)
      .split(separator: " ").map(String.init)
    #expect(places.count <= 402)
    #expect(places.first == "58,268")
    #expect(places.contains { $0.hasPrefix("58.") && $0.hasSuffix(",14") || $0 == "58.1,14" })
    #expect(places.last == "444,14")
  }

  @Test func valuesBeyondTheAxisStopAtItsEnd() throws {
    var chart = SVGChart(
      title: "t",
      x: .init(name: "x", range: 0...1),
      y: .init(name: "y", range: 0...1)
    )
    chart.line([[-5, 0.5], [7, 9]], style: 1)
    chart.mark(x: 3, label: "outside")
    #expect(chart.svg.contains("58,141 444,14"))
    #expect(!chart.svg.contains("outside"))
  }
}
