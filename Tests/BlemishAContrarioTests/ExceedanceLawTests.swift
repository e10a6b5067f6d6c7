import Foundation
import Testing

@testable import BlemishAContrario

@Suite("The law of the regions' heights") struct ExceedanceLawTests {
  private static let regionsPerPicture = 10

  /// The law of pictures with independent regions of exponential heights.
  private func law(_ random: inout NormalNumbers, pictures: Int) throws -> ExceedanceLaw {
    var heights: [[Double]] = []
    for _ in 0..<pictures {
      var picture: [Double] = []
      for _ in 0..<Self.regionsPerPicture {
        let (a, b) = (random.normal(), random.normal())
        picture.append((a * a + b * b) / 2)
      }
      heights.append(picture)
    }
    return try ExceedanceLaw(heights: heights)
  }

  /// The height above which the law expects fewer regions than promised.
  private func limit(_ law: ExceedanceLaw, promise: Double) -> Double {
    var (low, high) = (0.0, 200.0)
    let level = log10(promise)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if law.logExpected(middle) < level { high = middle } else { low = middle }
    }
    return high
  }

  @Test func sixteenPicturesKeepPromisesOnAverage() throws {
    var random = NormalNumbers(seed: 23)
    let promises = [1, 0.1, 0.03]
    var observed = [0.0, 0, 0]
    let calibrations = 600
    for _ in 0..<calibrations {
      let law = try law(&random, pictures: 16)
      for (place, promise) in promises.enumerated() {
        let rate = Double(Self.regionsPerPicture) * exp(-limit(law, promise: promise))
        observed[place] += rate / Double(calibrations)
      }
    }
    for (rate, promise) in zip(observed, promises) {
      let ratio = rate / promise
      #expect((0.85...1.1).contains(ratio), "\(ratio) times the promise of \(promise)")
    }
  }

  @Test(arguments: [1, 2, 16, 100]) func neverGrowsAndDoesNotJumpAtTheThreshold(_ pictures: Int) throws {
    var random = NormalNumbers(seed: 29)
    let law = try law(&random, pictures: pictures)
    #expect(law.isSound(largestShape: 0.5))
    let threshold = law.largest[min(30, max(pictures, 10), law.largest.count - 1)]
    if pictures > 1 {
      let jump = law.logExpected(threshold) - law.logExpected(threshold + 1e-9)
      #expect(abs(jump) < 1e-6, "\(jump)")
    }
    var last = Double.infinity
    for step in 0..<4000 {
      let expected = law.logExpected(Double(step) * 0.005)
      #expect(expected <= last && expected.isFinite)
      last = expected
    }
  }

  @Test func saysHowFarDownItCounts() throws {
    var random = NormalNumbers(seed: 31)
    for (pictures, counted) in [(16, 17.0 / 16), (100, 0.31), (200, 31.0 / 200)] {
      let law = try law(&random, pictures: pictures)
      #expect(abs(pow(10, law.lowestCountedLogRate) - counted) < 1e-9)
      #expect(abs(pow(10, law.lowestFittedLogRate) - 1 / Double(pictures)) < 1e-12)
    }
  }

  @Test func heightsWithoutALawAreRefused() {
    #expect(throws: AContrarioError.tooFewRegions(count: 0, least: 2)) {
      try ExceedanceLaw(heights: [[], []])
    }
    #expect(throws: AContrarioError.tooFewRegions(count: 1, least: 2)) {
      try ExceedanceLaw(heights: [[], [3]])
    }
    #expect(throws: AContrarioError.equalHeights(count: 11)) {
      try ExceedanceLaw(heights: [[Double]](repeating: [3, 3, 3, 3, 3, 1], count: 4))
    }
  }

  @Test func twoRegionsGiveALawThatFalls() throws {
    let law = try ExceedanceLaw(heights: [[2], [1], []])
    #expect(law.isSound(largestShape: 0.5))
    #expect(law.logExpected(50) < law.logExpected(5))
    #expect(law.logExpected(5) < law.logExpected(1))
  }

  @Test(arguments: [
    #"{"pictures": 40, "largest": [], "regionsPerPicture": 1, "scale": 1, "shape": 0}"#,
    #"{"pictures": 40, "largest": [3], "regionsPerPicture": 1, "scale": 1, "shape": 0}"#,
    #"{"pictures": 40, "largest": [3, 3, 3], "regionsPerPicture": 1, "scale": 1e-9, "shape": 0.5}"#,
    #"{"pictures": 0, "largest": [3, 2, 1], "regionsPerPicture": 1, "scale": 1, "shape": 0.5}"#,
    #"{"pictures": 2, "largest": [3, 2], "regionsPerPicture": 1, "scale": 1, "shape": 0, "tailCount": 9}"#,
  ]) func anEmptyOrConstantLawThatWasStoredIsNotSound(_ json: String) throws {
    let law = try JSONDecoder().decode(ExceedanceLaw.self, from: Data(json.utf8))
    #expect(!law.isSound(largestShape: 0.5))
    // And where it is asked in spite of that, it calls nothing good.
    if law.largest.count < 3 || law.pictures == 0 { #expect(law.logExpected(5) == -.infinity) }
  }

  @Test func picturesAreComparedWithTheMeanOfTheOthers() throws {
    // On a grid of one place nothing but the mean over pictures is learnt.
    let scales = try [1.0, 2, 6].map {
      try ScaleEnergies([Float(exp($0))], channels: 1, height: 1, width: 1)
    }
    let (law, deviations) = try EnergyLaw.learn(scales)
    let rests = [1 - 4.0, 2 - 3.5, 6 - 1.5]
    let deviation = (rests.reduce(0) { $0 + $1 * $1 } / 3).squareRoot()
    #expect(abs(law.deviation - deviation) < 1e-5)
    for (found, rest) in zip(deviations, rests) { #expect(abs(Double(found[0]) - rest / deviation) < 1e-5) }
  }
}
