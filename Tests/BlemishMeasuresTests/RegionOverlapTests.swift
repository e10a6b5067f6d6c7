import BlemishSupport
import Testing

@testable import BlemishMeasures

/// The area under the per-region-overlap curve where masks are out of the ordinary.
@Suite("AUPRO") struct RegionOverlapTests {
  private static let side = 21

  private static func mask(_ isIn: (Int, Int) -> Bool) -> [Bool] {
    (0..<side * side).map { isIn($0 % side, $0 / side) }
  }

  /// Masks whose regions touch at corners, lie next to each other, cover everything but a pixel, or are one pixel.
  private static let masks: [String: [[Bool]]] = [
    "corners": [mask { x, y in (x / 3 + y / 3) % 2 == 0 && x < 12 }],
    "a column apart": [mask { x, _ in x % 2 == 0 }],
    "one pixel": [mask { x, y in x == 7 && y == 13 }],
    "many single pixels": [mask { x, y in x % 2 == 0 && y % 2 == 0 }],
    "all but one pixel": [mask { x, y in x != 0 || y != 0 }],
    "one picture covered": [mask { _, _ in true }, mask { x, _ in x < 3 }],
    "covered beside normal": [mask { _, _ in true }, mask { _, _ in false }],
    "areas of thirds and sevenths": [mask { x, y in (x < 3 && y == 0) || (x < 7 && y == 4) || (x == 20) }],
  ]

  private func aupro(_ masks: [[Bool]], _ score: (Int, Int, Bool) -> Float) throws -> PixelEvaluation.Measures
  {
    let evaluation = PixelEvaluation()
    for (picture, mask) in masks.enumerated() {
      let scores = mask.enumerated().map { score(picture, $0.offset, $0.element) }
      try evaluation.add(scores: scores, mask: mask.contains(true) ? mask : nil, width: Self.side)
    }
    return try evaluation.measures(bootstrap: Bootstrap(resamples: 20))
  }

  @Test(arguments: Self.masks.keys.sorted()) func liesWithinZeroAndOne(_ name: String) throws {
    let masks = try #require(Self.masks[name])
    var random = RandomStream(seed: 3)
    let perfect = try aupro(masks) { _, _, isIn in isIn ? 1 : 0 }
    let inverted = try aupro(masks) { _, _, isIn in isIn ? 0 : 1 }
    let spread = try aupro(masks) { _, pixel, isIn in isIn ? 1 + Float(pixel) : -Float(pixel) }
    let noise = try aupro(masks) { _, _, _ in Float(random.unit()) }
    let equal = try aupro(masks) { _, _, _ in 1 }
    for measures in [perfect, inverted, spread, noise, equal] {
      let value = try #require(measures.aupro.value)
      #expect((0...1).contains(value), "\(value)")
      #expect(
        measures.perRegionOverlap.points.allSatisfy { (0...1).contains($0.x) && (0...1).contains($0.y) })
      if let interval = measures.intervals?.aupro {
        #expect(0 <= interval.lowerBound && interval.upperBound <= 1)
      }
    }
    #expect(abs((perfect.aupro.value ?? 0) - 1) < 1e-12)
    #expect(abs((spread.aupro.value ?? 0) - 1) < 1e-12)
    #expect(inverted.aupro == .value(0))
    // A straight line from (0, 0) to (1, 1), up to a rate of 0.3.
    #expect(abs((equal.aupro.value ?? 0) - 0.15) < 1e-12)
  }

  @Test func masksThatCoverEverythingLeaveNoNormalPixel() throws {
    let measures = try aupro([Self.mask { _, _ in true }]) { _, pixel, _ in Float(pixel) }
    #expect(measures.aupro == .unavailable(reason: "there are no normal pixels"))
    #expect(measures.intervals?.aupro == nil)
  }

  @Test func aMapOfOnePixelIsMeasured() throws {
    let evaluation = PixelEvaluation()
    try evaluation.add(scores: [2], mask: [true], width: 1)
    try evaluation.add(scores: [1], mask: nil, width: 1)
    #expect(try evaluation.measures().aupro == .value(1))
    #expect(try evaluation.measures(bootstrap: Bootstrap()).intervals == PixelEvaluation.Intervals())
  }
}
