import BlemishImaging
import Testing

@testable import BlemishDatasets

@Suite struct MaskMarkingTests {
  private let side = 8

  /// A grey mask of 8 x 8 pixels: black, with these values in rows of four pixels from the corner.
  private func marking(_ rows: [[UInt8]], isJPEG: Bool = false) -> MaskMarking {
    var samples = [UInt8](repeating: 0, count: side * side)
    for (y, row) in rows.enumerated() {
      for (x, value) in row.enumerated() { samples[y * side + x] = value }
    }
    return MaskMarking(
      Picture(width: side, height: side, channels: 1, samples: .eightBit(samples)), isJPEG: isJPEG)
  }

  private func coloured(_ colours: [(UInt8, UInt8, UInt8)], background: (UInt8, UInt8, UInt8)) -> MaskMarking
  {
    var samples: [UInt8] = []
    for pixel in 0..<side * side {
      let colour = pixel < colours.count ? colours[pixel] : background
      samples += [colour.0, colour.1, colour.2]
    }
    return MaskMarking(
      Picture(width: side, height: side, channels: 3, samples: .eightBit(samples)), isJPEG: false)
  }

  private func count(_ marking: MaskMarking) -> Int { marking.mask.pixels.count { $0 } }

  @Test func halfOfWhiteIsTheLimitOfAUsualMask() {
    let soft = marking([[255, 255, 200, 90, 20], [255, 255, 160, 60, 10], [130, 120, 90, 20, 5]])
    #expect(count(soft) == 7 && soft.values.isEmpty)
    #expect(count(marking([[255, 255]])) == 2)
    #expect(count(marking([])) == 0 && marking([]).values.isEmpty)
  }

  @Test func masksOfZeroAndOneAreMasks() {
    let ones = marking([[1, 1, 1]])
    #expect(count(ones) == 3 && ones.values == ["0", "1"])
  }

  @Test func numbersOfKindsAreMarkedThoughOneIsBright() {
    let block: [UInt8] = [85, 85, 85, 255]
    let kinds = marking([block, block, block])
    #expect(count(kinds) == 12 && kinds.values == ["0", "85", "255"])
  }

  @Test func noiseOfCompressionIsNoMark() {
    #expect(count(marking([[1, 2, 3], [2, 1, 2]], isJPEG: true)) == 0)
  }

  @Test func aColourForEachKindMarks() {
    let dark = coloured([(0, 0, 120), (255, 0, 0)], background: (0, 0, 0))
    #expect(count(dark) == 2)
    #expect(dark.values == ["(0, 0, 0)", "(0, 0, 120)", "(255, 0, 0)"])
    let onWhite = coloured([(0, 0, 120), (255, 0, 0)], background: (255, 255, 255))
    #expect(count(onWhite) == 2)
  }

  @Test func sixteenBitMasksOfOnesAreMasks() {
    let samples = (0..<64).map { UInt16($0 < 5 ? 1 : 0) }
    let picture = Picture(width: 8, height: 8, channels: 1, samples: .sixteenBit(samples))
    #expect(count(MaskMarking(picture, isJPEG: false)) == 5)
  }

  @Test func saysWhichValuesWereSeen() throws {
    let fixture = try Fixture()
    try fixture.touch("good/0.png", "good/1.png")
    try fixture.picture("dent/2.png")
    try fixture.picture("masks/dent/2.png", [1, 1])
    let dataset = try Dataset.read(fixture.path)
    let warning = DatasetWarning.maskValues(path: fixture.file("masks/dent/2.png"), values: ["0", "1"])
    #expect(dataset.warnings == [warning])
    let sample = try #require(dataset.test.last)
    var warnings: [DatasetWarning] = []
    let mask = try sample.mask(width: 4, height: 3) { warnings.append($0) }
    #expect(mask?.pixels.count { $0 } == 2 && warnings == [warning])
  }
}
