import BlemishImaging
import Foundation
import Testing

@testable import BlemishCore

/// Shapes of regions.
@Suite struct RegionShapeTests {
  /// The region of marked pixels in a picture of 80 x 60.
  private func shape(pixelSize: Double? = nil, _ isMarked: (Int, Int) -> Bool) throws -> RegionShape {
    let pixels = (0..<80 * 60).filter { isMarked($0 % 80, $0 / 80) }
    let (xs, ys) = (pixels.map { $0 % 80 }, pixels.map { $0 / 80 })
    let (left, top) = (try #require(xs.min()), try #require(ys.min()))
    let region = FoundRegion(
      x: left, y: top, width: xs.max()! - left + 1, height: ys.max()! - top + 1, area: pixels.count,
      centroidX: Double(xs.reduce(0, +)) / Double(xs.count),
      centroidY: Double(ys.reduce(0, +)) / Double(ys.count), logNFA: -3,
      verdict: .anomalous)
    let marked = Set(pixels)
    return RegionShape(of: region, pictureWidth: 80, pixelSize: pixelSize) { marked.contains($0) }
  }

  @Test func aBarHasItsSides() throws {
    let bar = try shape(pixelSize: 0.1) { (10..<50).contains($0) && (20..<24).contains($1) }
    #expect(bar.length == 40)
    #expect(bar.width == 4)
    #expect(bar.angle == 0)
    #expect(abs(bar.lengthMillimetres! - 4) < 1e-9)
    #expect(abs(bar.areaSquareMillimetres! - 1.6) < 1e-9)
    #expect(bar.polygons == [[[50, 20], [50, 24], [10, 24], [10, 20]]])
    #expect(bar.holes.isEmpty)
  }

  @Test func aTiltedBarIsMeasuredAlongItself() throws {
    let (c, s) = (cos(0.5), sin(0.5))
    let bar = try shape { x, y in
      let (dx, dy) = (Double(x) - 40, Double(y) - 30)
      return abs(dx * c + dy * s) < 25 && abs(-dx * s + dy * c) < 4
    }
    #expect(abs(bar.length - 50) < 2)
    #expect(abs(bar.width - 8) < 2)
    #expect(abs(bar.angle - 0.5 * 180 / .pi) < 1)
    #expect(bar.lengthMillimetres == nil)
  }

  @Test func piecesAndHolesHaveLinesOfTheirOwn() throws {
    let pieces = try shape { x, y in
      (10..<20).contains(x) && (10..<20).contains(y) && !((13..<17).contains(x) && (13..<17).contains(y))
        || (30..<34).contains(x) && (10..<14).contains(y)
    }
    #expect(pieces.polygons.count == 2)
    #expect(pieces.holes.count == 1)
  }
}
