import Foundation
import Testing

@testable import BlemishImaging

/// Lines around pixels.
@Suite struct PolygonTests {
  private func around(_ rows: [String]) -> [Polygon] {
    let pixels = rows.map { $0.map { $0 == "#" } }
    return Polygon.around(x: 10, y: 20, width: pixels[0].count, height: pixels.count) { pixels[$1][$0] }
  }

  @Test func aRectangleHasFourCorners() {
    let polygons = around(["....", ".##.", ".##.", ".##."])
    #expect(polygons.count == 1)
    #expect(Set(polygons[0].corners) == [[11, 21], [13, 21], [13, 24], [11, 24]])
    #expect(polygons[0].signedArea == 6)
  }

  @Test func aHoleHasALineOfItsOwn() {
    let polygons = around(["###", "#.#", "###"])
    #expect(polygons.map(\.signedArea).sorted() == [-1, 9])
  }

  @Test func pixelsThatShareACornerAreWithinOneLine() {
    let polygons = around(["#..", ".#.", "..#"])
    #expect(polygons.count == 1)
    #expect(polygons[0].signedArea == 3)
  }

  @Test func signedAreasAddUpToThePixels() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      let pixels = (0..<15).map { _ in (0..<17).map { _ in random.next() % 5 < 2 } }
      let polygons = Polygon.around(x: 0, y: 0, width: 17, height: 15) { pixels[$1][$0] }
      #expect(polygons.reduce(0) { $0 + $1.signedArea } == Double(pixels.joined().count { $0 }))
    }
  }

  @Test func whatIsLeftOutIsWithinTheTolerance() {
    let disc = Polygon.around(x: 0, y: 0, width: 60, height: 60) { x, y in
      (x - 30) * (x - 30) + (y - 30) * (y - 30) < 600
    }[0]
    let simple = disc.simplified(tolerance: 1)
    #expect(simple.corners.count < disc.corners.count / 3)
    for corner in disc.corners {
      let distance = simple.corners.indices.map { place -> Double in
        let (a, b) = (simple.corners[place], simple.corners[(place + 1) % simple.corners.count])
        let part = min(max(((corner - a) * (b - a)).sum() / ((b - a) * (b - a)).sum(), 0), 1)
        let d = corner - a - (b - a) * part
        return (d * d).sum().squareRoot()
      }.min()!
      #expect(distance <= 1)
    }
    #expect(abs(simple.signedArea - disc.signedArea) < 0.05 * disc.signedArea)
  }

  @Test func aSinglePixelKeepsAnArea() {
    #expect(around(["#"])[0].simplified(tolerance: 1).signedArea > 0)
  }
}
