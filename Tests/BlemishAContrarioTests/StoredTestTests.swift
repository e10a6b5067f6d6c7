import Foundation
import Testing

@testable import BlemishAContrario

/// What a stored test means, in this version and in those before.
@Suite("A stored calibrated test") struct StoredTestTests {
  /// Written before the constants were stored.
  private static let old = """
    {"energies": [{"height": 1, "width": 2, "means": [0.5, 1.5], "deviation": 0.25}],
     "usualLiveliness": 1.25, "usualTailMean": 2.5,
     "exceedances": {"pictures": 8, "largest": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5, 0.25, 0.125],
                     "regionsPerPicture": 1.5, "scale": 1.5, "shape": 0.125},
     "meanDeviations": [\((0..<8).map { "\(Double($0) / 8)" }.joined(separator: ", "))]}
    """

  private func read(_ text: String) throws -> CalibratedTest {
    try JSONDecoder().decode(CalibratedTest.self, from: Data(text.utf8))
  }

  @Test func oneWithoutConstantsMeansWhatItMeant() throws {
    let test = try read(Self.old)
    #expect(test.isSound)
    #expect(test.constants == .standard)
    #expect(test.pictures == 8)
    #expect(test.averageQuantile == 1.25 && test.averageTailMean == 2.5)
    #expect(test.exceedances.tailCount == 10)
    // Counted: all regions, and the 11 that are at least 0.25 high. Fitted: what is higher.
    #expect(test.exceedances.logExpected(0.1) == log10(1.5))
    #expect(test.exceedances.logExpected(0.25) == log10(11 / 8.0))
    let tail = { (height: Double) in
      log10(11 / 8.0) - log1p(0.125 * (height - 0.25) / 1.5) / 0.125 / log(10)
    }
    for height in [0.3, 5, 9, 100] {
      #expect(abs(test.exceedances.logExpected(height) - tail(height)) < 1e-12)
    }
    #expect(abs(test.lowestCountedLogRate - log10(11 / 8.0)) < 1e-12)
    #expect(abs(test.lowestFittedLogRate - -log10(8)) < 1e-12)
  }

  @Test func whatIsWrittenHasTheNamesOfEarlierFilesAndTheConstants() throws {
    let test = try read(Self.old)
    let written = try JSONEncoder().encode(test)
    #expect(try JSONDecoder().decode(CalibratedTest.self, from: written) == test)
    let object = try #require(try JSONSerialization.jsonObject(with: written) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "constants", "energies", "exceedances", "meanDeviations", "usualLiveliness", "usualTailMean",
      ])
    let constants = try #require(object["constants"] as? [String: Double])
    #expect(
      constants == [
        "leastEnergyPerChannel": 0.001, "outlineShare": 0.5, "shareAboveQuantile": 0.05,
        "tailMeanShare": 0.02,
        "quantileWeight": 0.5, "tailMeanWeight": 1, "mostTailRegions": 30, "leastTailRegions": 10,
        "heightsKeptPerPicture": 20, "shapePriorDeviation": 0.1, "largestShape": 0.5,
      ])
  }

  @Test func constantsOfTheFileAreUsed() throws {
    var random = NormalNumbers(seed: 67)
    let pictures = try (0..<40).map { _ in try CalibratedTestTests.picture(&random, heavy: true) }
    let test = try CalibratedTest(pictures: pictures)
    let picture = try CalibratedTestTests.picture(&random, heavy: true, disc: (12, 12, 4, 3))
    let found = try CalibratedTestResult(scales: picture, test: test).regionLogNFAs
    let text = String(decoding: try JSONEncoder().encode(test), as: UTF8.self)
    for (name, stored, other) in [
      ("leastEnergyPerChannel", "0.001", "1.5"), ("outlineShare", "0.5", "0.75"),
      ("shareAboveQuantile", "0.05", "0.5"), ("tailMeanShare", "0.02", "0.04"),
      ("quantileWeight", "0.5", "0"),
      ("tailMeanWeight", "1", "0"),
    ] {
      let key = "\"\(name)\":\(stored)"
      try #require(text.contains(key))
      let changed = try read(text.replacingOccurrences(of: key, with: "\"\(name)\":\(other)"))
      #expect(changed.isSound)
      #expect(try CalibratedTestResult(scales: picture, test: changed).regionLogNFAs != found, "\(name)")
    }
    var constants = CalibratedTest.Constants.standard
    constants.mostTailRegions = 5
    constants.heightsKeptPerPicture = 1
    constants.largestShape = 0.1
    let short = try CalibratedTest(pictures: pictures, constants: constants)
    #expect(short.exceedances.tailCount == 5 && short.exceedances.largest.count == 40)
    #expect(short.exceedances.shape == 0.1)
    // The tail's count is judged by as it was stored, whatever the standard is.
    #expect(try read(String(decoding: try JSONEncoder().encode(short), as: UTF8.self)) == short)
    // A heavy tail, which a wide prior follows and a narrow one does not.
    let heavy = (1...60).map { [exp(Double($0) / 6)] }
    constants = .standard
    constants.shapePriorDeviation = 10
    #expect(
      try ExceedanceLaw(heights: heavy, constants: constants).scale < ExceedanceLaw(heights: heavy).scale)
  }

  @Test(arguments: [
    ("\"outlineShare\":0.5", "\"outlineShare\":0"), ("\"mostTailRegions\":30", "\"mostTailRegions\":0"),
    ("\"tailMeanShare\":0.02", "\"tailMeanShare\":0.5"), ("\"tailCount\":10", "\"tailCount\":12"),
    ("\"shape\":0.125", "\"shape\":0.75"), ("\"deviation\":0.25", "\"deviation\":0"),
    ("\"pictures\":8", "\"pictures\":9"),
  ]) func numbersThatNoTestHasAreNotSound(_ stored: String, _ damaged: String) throws {
    let text = String(decoding: try JSONEncoder().encode(try read(Self.old)), as: UTF8.self)
    try #require(text.contains(stored))
    #expect(try !read(text.replacingOccurrences(of: stored, with: damaged)).isSound)
  }

  @Test func theStandardConstantsCountAsTheFormerOnesDid() {
    let standard = CalibratedTest.Constants.standard
    #expect(Float(standard.leastEnergyPerChannel) == 1e-3)
    #expect(1.33 * (1 / standard.shapePriorDeviation) * (1 / standard.shapePriorDeviation) == 133)
    for count in 0..<100_000 {
      #expect(Int(Double(count) * standard.shareAboveQuantile) == count / 20)
      #expect(Int(Double(count) * standard.tailMeanShare) == count / 50)
    }
  }
}
