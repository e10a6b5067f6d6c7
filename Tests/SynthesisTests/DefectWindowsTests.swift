import Testing

@testable import Synthesis

@Suite struct DefectWindowsTests {
  private let planter = DefectPlanter()
  private let picture = FloatPicture(
    width: 70, height: 40, channels: 3, values: [Float](repeating: 0.5, count: 3 * 70 * 40))

  @Test func plantsIntoWindowsOfOblongPicturesUpToTheirBorders() {
    let windows = DefectWindows(side: 16, none: 0, most: 8)
    var columns: Set<Int> = []
    var rows: Set<Int> = []
    for seed in 0..<100 as Range<UInt64> {
      var random = SynthesisRandom(seed: seed)
      let labelled = planter.plant(into: picture, windows: windows, donor: { picture }, &random)
      for pixel in labelled.mask.indices {
        let (row, column) = pixel.quotientAndRemainder(dividingBy: 70)
        if labelled.mask[pixel] > 0 {
          columns.insert(column)
          rows.insert(row)
        }
      }
      // On an even ground all that changes visibly is marked, or lies beside it.
      for pixel in labelled.mask.indices where labelled.mask[pixel] > 0 {
        let (row, column) = pixel.quotientAndRemainder(dividingBy: 70)
        let around = (max(row - 1, 0)...min(row + 1, 39)).contains { y in
          (max(column - 1, 0)...min(column + 1, 69)).contains { x in
            labelled.picture.values[y * 70 + x] != 0.5
              || labelled.picture.values[70 * 40 + y * 70 + x] != 0.5
              || labelled.picture.values[2 * 70 * 40 + y * 70 + x] != 0.5
          }
        }
        #expect(around)
      }
    }
    #expect(columns.min() == 0 && columns.max() == 69)
    #expect(rows.min() == 0 && rows.max() == 39)
  }

  @Test func leavesItsShareWithoutUnlessAsked() {
    let windows = DefectWindows(side: 16, none: 1, most: 4)
    var random = SynthesisRandom(seed: 1)
    for _ in 0..<10 {
      let labelled = planter.plant(into: picture, windows: windows, donor: { picture }, &random)
      #expect(labelled.picture == picture)
    }
    let changed = (0..<10).contains { _ in
      planter.plant(into: picture, windows: windows, donor: { picture }, always: true, &random).picture
        != picture
    }
    #expect(changed)
  }

  @Test func aSmallPictureIsAWindowItself() {
    let windows = DefectWindows(side: 128, none: 0, most: 5)
    var (one, other) = (SynthesisRandom(seed: 3), SynthesisRandom(seed: 3))
    #expect(
      planter.plant(into: picture, windows: windows, donor: { picture }, &one)
        == planter.plant(into: picture, donor: { picture }, &other))
  }
}
