import Testing

@testable import BlemishAContrario

/// Which peaks of a map belong together.
@Suite struct DeviationMapTests {
  private func map(_ values: [Float]) -> DeviationMap {
    DeviationMap(height: 1, width: values.count, values: values)
  }

  @Test func peaksWithEvidenceBetweenThemAreOne() {
    let ridge = map([0, 9, 5, 8, 4.5, 7, 0])
    #expect(ridge.joined([1, 3, 5]) == [0, 0, 0])
  }

  @Test func peaksWithAValleyBetweenThemAreTwo() {
    let two = map([0, 9, 2, 8, 0, 7, 6.5, 7])
    #expect(two.joined([1, 3, 5, 7]) == [0, 1, 2, 2])
  }

  /// A low peak belongs to a high one where half of the low one's height is between them.
  @Test func theLowerPeakDecides() {
    #expect(map([20, 3, 5]).joined([0, 2]) == [0, 0])
    #expect(map([20, 2, 5]).joined([0, 2]) == [0, 1])
    #expect(map([5, 3, 20]).joined([0, 2]) == [0, 0])
  }

  @Test func corners() {
    let diagonal = DeviationMap(height: 3, width: 3, values: [9, 0, 0, 0, 6, 0, 0, 0, 8])
    #expect(diagonal.joined([0, 8]) == [0, 0])
    #expect(diagonal.joined([]) == [])
    #expect(diagonal.joined([8]) == [0])
  }
}
