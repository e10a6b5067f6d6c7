import BlemishSupport
import Testing

@testable import BlemishMeasures

@Suite struct BootstrapTests {
  @Test func intervalHoldsTheValueAndIsRepeatable() throws {
    let anomalous = (0..<60).map { $0 % 3 == 0 }
    let values = (0..<60).map { Double($0 * 37 % 60) }
    func mean(_ drawn: [Int]) -> Double? {
      zip(drawn, values).reduce(0) { $0 + Double($1.0) * $1.1 } / Double(drawn.reduce(0, +))
    }
    let interval = try #require(Bootstrap().interval(anomalous: anomalous, mean))
    #expect(interval.contains(29.5))
    // The standard error of a mean of 60 is 17.3 / sqrt(60) = 2.2, less what drawing apart takes away.
    #expect((6..<10).contains(interval.upperBound - interval.lowerBound))
    #expect(interval == Bootstrap().interval(anomalous: anomalous, mean))
    #expect(interval != Bootstrap(seed: 1).interval(anomalous: anomalous, mean))
  }

  @Test func everyDrawHasAsManyOfBothKinds() {
    let anomalous = [true, false, true, false, false]
    _ = Bootstrap(resamples: 50).interval(anomalous: anomalous) { drawn in
      #expect(drawn[0] + drawn[2] == 2)
      #expect(drawn[1] + drawn[3] + drawn[4] == 3)
      return 0
    }
  }

  @Test func whatIsNotDefinedHasNoInterval() {
    #expect(Bootstrap().interval(anomalous: []) { _ in 1 } == nil)
    #expect(Bootstrap().interval(anomalous: [true]) { _ in nil } == nil)
    #expect(Bootstrap().interval(anomalous: [true, false]) { _ in 1 } == nil, "one picture of each kind")
    #expect(Bootstrap(resamples: 0).interval(anomalous: [true]) { _ in 1 } == nil)
  }

  /// Maps with ties, some with one or two regions.
  private func pictures(_ count: Int, side: Int) -> [(scores: [Float], mask: [Bool]?)] {
    var generator = RandomStream(seed: 7)
    return (0..<count).map { picture in
      var mask = [Bool](repeating: false, count: side * side)
      if picture % 2 == 0 {
        for pixel in 0..<(side * 2) { mask[pixel] = true }
        for pixel in (side * side - picture % 5)..<(side * side) { mask[pixel] = true }
      }
      let scores = mask.map { Float(Int.random(in: 0..<1000, using: &generator) + ($0 ? 350 : 0)) / 1000 }
      return (scores, picture % 2 == 0 ? mask : nil)
    }
  }

  /// The metrics of pictures of which some come several times, by `PixelEvaluation` itself.
  private func exact(
    _ pictures: [(scores: [Float], mask: [Bool]?)], side: Int, drawn: [Int]
  ) throws -> [Double?] {
    let evaluation = PixelEvaluation()
    for (picture, times) in zip(pictures, drawn) {
      for _ in 0..<times { try evaluation.add(scores: picture.scores, mask: picture.mask, width: side) }
    }
    let measures = try evaluation.measures()
    return [
      measures.ranking.auroc.value, measures.ranking.averagePrecision.value, measures.ranking.bestF1.value,
      measures.aupro.value,
    ]
  }

  @Test func pixelIntervalsAreThoseOfEvaluatingEveryDraw() throws {
    let side = 24
    let pictures = pictures(12, side: side)
    let bootstrap = Bootstrap(resamples: 40)
    let evaluation = PixelEvaluation()
    for picture in pictures { try evaluation.add(scores: picture.scores, mask: picture.mask, width: side) }
    let found = try #require(try evaluation.measures(bootstrap: bootstrap).intervals)
    var failure: (any Error)?
    let expected = bootstrap.intervals(anomalous: pictures.map { $0.mask != nil }) { drawn in
      do {
        return try exact(pictures, side: side, drawn: drawn)
      } catch {
        failure = error
        return []
      }
    }
    #expect(failure == nil)
    for (found, expected) in zip(
      [found.auroc, found.averagePrecision, found.bestF1, found.aupro], expected)
    {
      let (found, expected) = (try #require(found), try #require(expected))
      #expect(abs(found.lowerBound - expected.lowerBound) < 4e-3, "\(found) \(expected)")
      #expect(abs(found.upperBound - expected.upperBound) < 4e-3, "\(found) \(expected)")
    }
  }

  @Test func askingForIntervalsChangesNoMetric() throws {
    let evaluation = PixelEvaluation()
    for picture in pictures(6, side: 16) {
      try evaluation.add(scores: picture.scores, mask: picture.mask, width: 16)
    }
    let (plain, with) = (
      try evaluation.measures(), try evaluation.measures(bootstrap: Bootstrap(resamples: 5))
    )
    #expect(plain.intervals == nil)
    #expect(plain.ranking.auroc == with.ranking.auroc)
    #expect(plain.aupro == with.aupro)
    #expect(plain.bestMeanIoU == with.bestMeanIoU)
  }

  @Test func normalPicturesAloneHaveNoPixelIntervals() throws {
    let evaluation = PixelEvaluation()
    try evaluation.add(scores: [1, 2, 3, 4], mask: nil, width: 2)
    #expect(try evaluation.measures(bootstrap: Bootstrap()).intervals == PixelEvaluation.Intervals())
    #expect(try PixelEvaluation().measures(bootstrap: Bootstrap()).intervals == PixelEvaluation.Intervals())
  }
}
