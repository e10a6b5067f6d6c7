import Foundation
import Testing

@testable import BlemishAContrario

@Suite("The calibrated test") struct CalibratedTestTests {
  /// Energies of a picture: smoothed over neighbours, livelier towards the bottom, and where asked with a heavy tail
  /// and pictures of unlike strength.
  /// - Parameter disc: a defect that multiplies the energies within a radius around a place, by pixels of the
  ///   finer scale.
  static func picture(
    _ random: inout NormalNumbers, heavy: Bool, side: Int = 24,
    disc: (x: Double, y: Double, radius: Double, factor: Double)? = nil
  ) throws -> [ScaleEnergies] {
    let fullSide = side
    return try [(side, 16), (side / 2, 24)].map { side, channels in
      let strength = heavy ? exp(0.3 * random.normal()) : 1
      let noise = (0..<(side * side)).map { _ in random.normal() }
      var energy = [Float](repeating: 0, count: side * side)
      for y in 0..<side {
        for x in 0..<side {
          // The mean of a window, so that neighbours are correlated.
          var sum = 0.0
          for dy in 0...1 { for dx in 0...1 { sum += noise[(y + dy) % side * side + (x + dx) % side] } }
          let tail = heavy ? exp(0.35 * sum / 2) : 1 + 0.2 * max(sum / 2, -4)
          let place = 1 + Double(y) / Double(side)
          energy[y * side + x] = Float(Double(channels) * tail * strength * place)
          guard let disc else { continue }
          let step = Double(fullSide / side)
          let distance = hypot((Double(x) + 0.5) * step - disc.x, (Double(y) + 0.5) * step - disc.y)
          // As blurred as the features of a network with a step of that many pixels.
          let part = 1 / (1 + exp((distance - disc.radius) / (0.5 * step)))
          energy[y * side + x] *= Float(pow(disc.factor, part))
        }
      }
      return try ScaleEnergies(energy, channels: channels, height: side, width: side)
    }
  }

  @Test(arguments: [false, true]) func keepsItsPromiseOnPicturesThatItHasNotSeen(_ heavy: Bool) throws {
    var random = NormalNumbers(seed: heavy ? 7 : 3)
    let test = try CalibratedTest(pictures: (0..<150).map { _ in try Self.picture(&random, heavy: heavy) })
    let fresh = 600
    var counts = [0.0: 0, -1.0: 0]
    for _ in 0..<fresh {
      let tested = try CalibratedTestResult(scales: Self.picture(&random, heavy: heavy), test: test)
      for level in counts.keys { counts[level]! += tested.regionLogNFAs.count { $0 < level } }
    }
    for (level, count) in counts {
      let promised = pow(10, level)
      let observed = Double(count) / Double(fresh)
      #expect(observed < 1.5 * promised, "observed \(observed), promised \(promised)")
      #expect(observed > promised / 2, "observed \(observed), promised \(promised)")
    }
  }

  @Test func keepsItsPromiseWhenFewPicturesWereLearntFrom() throws {
    // The mean over several calibrations: each by itself is a draw of twelve pictures.
    var random = NormalNumbers(seed: 19)
    var count = 0
    for _ in 0..<20 {
      let test = try CalibratedTest(pictures: (0..<12).map { _ in try Self.picture(&random, heavy: true) })
      for _ in 0..<50 {
        let tested = try CalibratedTestResult(scales: Self.picture(&random, heavy: true), test: test)
        count += tested.regionLogNFAs.count { $0 < 0 }
      }
    }
    #expect((500...1500).contains(count), "\(count) false alarms in 1000 pictures, 1 promised in each")
  }

  @Test(arguments: [3.0, 5, 8]) func theSegmentationFollowsTheOutline(_ radius: Double) throws {
    var random = NormalNumbers(seed: 5)
    let test = try CalibratedTest(
      pictures: (0..<60).map { _ in try Self.picture(&random, heavy: true, side: 48) })
    let picture = try Self.picture(&random, heavy: true, side: 48, disc: (26.3, 19.6, radius, 12))
    let tested = try CalibratedTestResult(scales: picture, test: test)
    #expect(tested.mostSignificantLogNFA < -1)
    let side = 192
    let map = try tested.logNFA(height: side, width: side)
    var (both, either) = (0, 0)
    for y in 0..<side {
      for x in 0..<side {
        let scale = 48 / Double(side)
        let truth =
          hypot((Double(x) + 0.5) * scale - 26.3, (Double(y) + 0.5) * scale - 19.6) <= radius
        let found = map[y * side + x] < -1
        both += truth && found ? 1 : 0
        either += truth || found ? 1 : 0
      }
    }
    let overlap = Double(both) / Double(either)
    #expect(overlap > 0.7, "intersection over union \(overlap)")
  }

  @Test func regionsAreDisjointAndPartAtTheSaddle() throws {
    // Two peaks on one row: the higher reaches down to half its height and not beyond the other's saddle.
    let row: [Float] = [0, 0, 3, 8, 3, 0, 4, 0, 0]
    let values = [Float](repeating: 0, count: 9) + row + [Float](repeating: 0, count: 9)
    let regions = try PeakRegions(values, height: 3, width: 9)
    #expect(regions.regions.count == 2)
    #expect(regions.regions.map(\.height) == [8, 4])
    #expect(regions.regionOfPixel[9 + 3] == 0)
    #expect(regions.regionOfPixel[9 + 6] == 1)
    // A shoulder above half the height is part of the peak.
    let shoulder: [Float] = [0, 0, 6, 5, 8, 0, 0, 0, 0]
    let one = try PeakRegions(
      [Float](repeating: 0, count: 9) + shoulder + [Float](repeating: 0, count: 9), height: 3, width: 9)
    #expect(one.regions.count == 1)
    #expect((2...4).allSatisfy { one.regionOfPixel[9 + $0] == 0 })
  }

  @Test func outlinesDoNotFollowTheGrid() throws {
    // A round hill on a coarse grid, drawn 16 times as fine: its outline is a circle, not a staircase of 16 pixels.
    let values = (0..<144).map { pixel -> Float in
      let (x, y) = (Float(pixel % 12) - 5.5, Float(pixel / 12) - 5.5)
      return max(8 - (x * x + y * y).squareRoot() * 2, 0)
    }
    let regions = try PeakRegions(values, height: 12, width: 12)
    let drawn = try regions.drawn(
      [-1] + [Float](repeating: 1, count: regions.regions.count - 1), background: 1, height: 192, width: 192)
    var widths: [Int] = []
    for y in 0..<192 {
      let width = (0..<192).count { drawn[y * 192 + $0] < 0 }
      if width > 0 { widths.append(width) }
    }
    let steps = zip(widths, widths.dropFirst()).map { abs($0 - $1) }
    // Near its top and bottom a circle's width changes fast, elsewhere by a few pixels a row.
    #expect(steps.dropFirst(8).dropLast(8).allSatisfy { $0 <= 6 }, "\(steps)")
    #expect(widths.count > 50 && widths.count < 80)
  }

  /// A picture's energies, all of them multiplied.
  private static func livened(_ picture: [ScaleEnergies], by factor: Float) throws -> [ScaleEnergies] {
    try picture.map {
      try ScaleEnergies(
        $0.values.map { $0 * factor }, channels: $0.channels, height: $0.height, width: $0.width)
    }
  }

  private static func regions(_ picture: [ScaleEnergies], _ test: CalibratedTest) throws -> PeakRegions {
    try PeakRegions(
      try test.deviations(picture), height: test.energies[0].height, width: test.energies[0].width)
  }

  @Test func regionsOfALivelyPictureCountForLess() throws {
    var random = NormalNumbers(seed: 37)
    let test = try CalibratedTest(pictures: (0..<60).map { _ in try Self.picture(&random, heavy: true) })
    let picture = try Self.picture(&random, heavy: true)
    let lively = try Self.livened(picture, by: 2)
    let (plain, raised) = (try Self.regions(picture, test), try Self.regions(lively, test))
    let rise = Double(raised.values[0] - plain.values[0])
    #expect(rise > 0.5)
    func allowance(_ regions: PeakRegions) -> Double {
      regions.regions[1].height - test.correctedHeights(of: regions)[1]
    }
    #expect(abs(allowance(raised) - allowance(plain) - rise / 2) < 1e-4)
    #expect(abs(allowance(plain) * 2 + test.averageQuantile - DeviationSummary(plain.values).quantile) < 1e-9)
  }

  @Test(arguments: [1, 7, 49, 1000]) func theLevelIsThatOfTheSortedDeviations(_ count: Int) {
    var random = NormalNumbers(seed: 53)
    let values = (0..<count).map { _ in Float(random.normal()) }
    let descending = values.sorted(by: >)
    let level = DeviationSummary(values)
    #expect(abs(level.quantile - Double(descending[count / 20])) < 1e-5)
    let highest = descending.prefix(max(count / 50, 1)).map(Double.init)
    #expect(abs(level.tailMean - highest.reduce(0, +) / Double(highest.count)) < 1e-9)
    #expect(DeviationSummary([Float](repeating: 3, count: count)).tailMean == 3)
  }

  @Test func aLargeDefectIsMoreSignificantThanASmallOneAsHigh() throws {
    var random = NormalNumbers(seed: 47)
    let test = try CalibratedTest(pictures: (0..<60).map { _ in try Self.picture(&random, heavy: false) })
    let background = random
    func heights(_ radius: Double) throws -> (peaks: [Double], counting: [Double]) {
      var random = background
      let regions = try Self.regions(try Self.picture(&random, heavy: false, disc: (12, 12, radius, 2)), test)
      return (regions.regions.map(\.height), test.correctedHeights(of: regions))
    }
    let (small, large) = (try heights(1.5), try heights(4))
    #expect(large.counting[0] - large.peaks[0] > small.counting[0] - small.peaks[0] + 0.5)
    // The other regions have nothing of it.
    let others = zip(large.peaks, large.counting).dropFirst().map { $1 - $0 }
    #expect(others.allSatisfy { abs($0 - others[0]) < 1e-9 && $0 <= 0 })
  }

  @Test func aPictureThatIsWrongEverywhereIsSignificant() throws {
    var random = NormalNumbers(seed: 41)
    let test = try CalibratedTest(pictures: (0..<60).map { _ in try Self.picture(&random, heavy: true) })
    let wrong = try Self.livened(try Self.picture(&random, heavy: true), by: 1000)
    #expect(try CalibratedTestResult(scales: wrong, test: test).mostSignificantLogNFA < -2)
  }

  @Test func tellsDriftFromChance() throws {
    var random = NormalNumbers(seed: 11)
    let test = try CalibratedTest(pictures: (0..<60).map { _ in try Self.picture(&random, heavy: false) })
    let alike = try (0..<40).map { _ in try test.meanDeviation(Self.picture(&random, heavy: false)) }
    #expect(try test.driftPValue(meanDeviations: alike) > 0.05)
    #expect(try test.driftPValue(meanDeviations: alike.map { $0 + 0.5 }) < 1e-6)
    // A camera that repeats its pictures adds nothing to the evidence.
    let repeated = Array(repeatElement(alike[..<5], count: 30).joined())
    #expect(
      try test.driftPValue(meanDeviations: repeated) == test.driftPValue(meanDeviations: Array(alike[..<5])))
  }

  @Test func meansTheSameAfterBeingWrittenAndRead() throws {
    var random = NormalNumbers(seed: 13)
    let test = try CalibratedTest(pictures: (0..<20).map { _ in try Self.picture(&random, heavy: true) })
    let read = try JSONDecoder().decode(CalibratedTest.self, from: try JSONEncoder().encode(test))
    #expect(read == test)
    #expect(read.isSound)
  }

  @Test func refusesAPictureOfOtherScales() throws {
    var random = NormalNumbers(seed: 17)
    let test = try CalibratedTest(pictures: (0..<3).map { _ in try Self.picture(&random, heavy: false) })
    let one = [try Self.picture(&random, heavy: false)[0]]
    #expect(throws: AContrarioError.scaleCount(expected: 2, found: 1)) {
      try CalibratedTestResult(scales: one, test: test)
    }
    let larger = try Self.picture(&random, heavy: false, side: 48)
    #expect(
      throws: AContrarioError.gridSize(
        expected: .init(height: 24, width: 24), found: .init(height: 48, width: 48))
    ) { try CalibratedTestResult(scales: larger, test: test) }
  }

  @Test func energiesOfZeroAreNoAnomaly() throws {
    var random = NormalNumbers(seed: 59)
    let test = try CalibratedTest(pictures: (0..<20).map { _ in try Self.picture(&random, heavy: false) })
    let nothing = try Self.picture(&random, heavy: false).map {
      try ScaleEnergies(
        [Float](repeating: 0, count: $0.values.count), channels: $0.channels, height: $0.height,
        width: $0.width)
    }
    #expect(try CalibratedTestResult(scales: nothing, test: test).mostSignificantLogNFA >= 0)
  }
}

/// A reproducible source of normal numbers.
struct NormalNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func unit() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (Double(state >> 11) + 0.5) * 0x1p-53
  }

  mutating func normal() -> Double { (-2 * log(unit())).squareRoot() * cos(2 * .pi * unit()) }
}
