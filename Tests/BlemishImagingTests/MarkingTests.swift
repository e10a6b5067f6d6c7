import Testing

@testable import BlemishImaging

/// Masks of every common kind, read as what is not background.
@Suite struct MarkingTests {
  private func grey(_ rows: [[UInt8]]) -> [Int] {
    Mask(marking: Picture(grey: rows)).pixels.map { $0 ? 1 : 0 }
  }

  private func color(_ pixels: [[UInt8]]) -> Picture {
    Picture(width: pixels.count, height: 1, channels: 3, samples: .eightBit(pixels.flatMap { $0 }))
  }

  @Test func blackAndWhiteNeedsNoNote() {
    let (mask, values) = Mask.marking(Picture(grey: [[0, 255, 255]]))
    #expect(mask.pixels == [false, true, true] && values == nil)
    #expect(
      Mask.marking(Picture(grey: [[0, 0]])) == (Mask(width: 2, height: 1, pixels: [false, false]), nil))
    #expect(Mask.marking(Picture(grey: [[255, 255]])).mask.pixels == [true, true])
  }

  @Test func softEdgesAreCutAtOneHalf() {
    #expect(grey([[0, 60, 127, 128, 200, 255]]) == [0, 0, 0, 1, 1, 1])
    let rows: [[UInt8]] = (0..<40).map { _ in (0..<40).map { UInt8($0 * 255 / 39) } }
    let expected = rows.joined().map { $0 > 127 ? 1 : 0 }
    #expect(grey(rows) == expected)
    let deep = Picture(width: 3, height: 1, channels: 1, samples: .sixteenBit([0, 32_767, 65_535]))
    #expect(Mask(marking: deep).pixels == [false, false, true])
  }

  @Test func classNumbersMark() {
    #expect(grey([[0, 1, 1]]) == [0, 1, 1])
    #expect(grey([[0, 1, 2, 7]]) == [0, 1, 1, 1])
    // Without a zero the lowest number is the background; alone it marks.
    #expect(grey([[1, 1, 2]]) == [0, 0, 1])
    #expect(grey([[1, 1, 1]]) == [1, 1, 1])
    let values = Mask.marking(Picture(grey: [[0, 0, 1]])).values
    #expect(values?.count == 2)
    #expect(
      values?.values == [
        .init(channels: [0], count: 2, isMarked: false), .init(channels: [1], count: 1, isMarked: true),
      ])
    #expect(values?.description == "0 (background, 2 pixels); 1 (marked, 1 pixels)")
  }

  @Test func aDarkColourIsAClass() {
    #expect(Mask(marking: color([[0, 0, 0], [0, 0, 120], [0, 0, 0]])).pixels == [false, true, false])
    // Beside a bright class, too, where it covers an area.
    var pixels = [UInt8](repeating: 0, count: 3 * 60)
    for y in 0..<3 {
      for x in 2..<6 { pixels[3 * (y * 20 + x) + 2] = 120 }
      for x in 10..<14 { pixels[3 * (y * 20 + x)] = 255 }
    }
    let picture = Picture(width: 20, height: 3, channels: 3, samples: .eightBit(pixels))
    let (mask, values) = Mask.marking(picture)
    #expect((0..<60).allSatisfy { mask.pixels[$0] == ((2..<6) ~= $0 % 20 || (10..<14) ~= $0 % 20) })
    #expect(values?.values.map(\.channels) == [[0, 0, 0], [0, 0, 120], [255, 0, 0]])
  }

  @Test func aGreyClassThatCoversAnAreaMarksAndAnEdgeDoesNot() {
    let wide: [[UInt8]] = (0..<3).map { _ in [0, 0, 100, 100, 100, 0, 255, 255] }
    #expect(grey(wide) == Array([[0, 0, 1, 1, 1, 0, 1, 1]].flatMap { row in (0..<3).flatMap { _ in row } }))
    let narrow: [[UInt8]] = (0..<3).map { _ in [0, 0, 0, 100, 255, 255, 255, 255] }
    #expect(
      grey(narrow) == Array([[0, 0, 0, 0, 1, 1, 1, 1]].flatMap { row in (0..<3).flatMap { _ in row } }))
  }

  @Test func aBackgroundThatIsNotQuiteBlackIsBackground() {
    #expect(grey([[10, 10, 255]]) == [0, 0, 1])
  }
}
