import Foundation
import Testing

@testable import BlemishAContrario

/// What is too little to learn a law from, which must never become a law that calls everything good.
@Suite("Pictures that have no law") struct DegenerateLawTests {
  private func pictures(_ count: Int, seed: UInt64 = 61) throws -> [[ScaleEnergies]] {
    var random = NormalNumbers(seed: seed)
    return try (0..<count).map { _ in try CalibratedTestTests.picture(&random, heavy: true) }
  }

  private func constant(_ value: Float, like picture: [ScaleEnergies]) throws -> [ScaleEnergies] {
    try picture.map {
      try ScaleEnergies(
        [Float](repeating: value, count: $0.values.count), channels: $0.channels, height: $0.height,
        width: $0.width)
    }
  }

  @Test func noPictureAndOnePictureAreTooFew() throws {
    #expect(throws: AContrarioError.tooFewPictures(count: 0, least: 2)) { try CalibratedTest(pictures: []) }
    let one = try pictures(1)
    #expect(throws: AContrarioError.tooFewPictures(count: 1, least: 2)) { try CalibratedTest(pictures: one) }
    #expect(throws: AContrarioError.noScales) { try CalibratedTest(pictures: [[], []]) }
  }

  @Test(arguments: [2, 40]) func identicalPicturesAreOne(_ count: Int) throws {
    let frozen = [[ScaleEnergies]](repeating: try pictures(1)[0], count: count)
    #expect(throws: AContrarioError.identicalPictures(count: count, distinct: 1)) {
      try CalibratedTest(pictures: frozen)
    }
    let black = [[ScaleEnergies]](repeating: try constant(0, like: frozen[0]), count: count)
    #expect(throws: AContrarioError.identicalPictures(count: count, distinct: 1)) {
      try CalibratedTest(pictures: black)
    }
  }

  @Test func copiesOfAPictureDoNotCount() throws {
    let distinct = try pictures(20)
    let test = try CalibratedTest(pictures: distinct)
    let withCopies = try CalibratedTest(
      pictures: Array(repeatElement(distinct[0], count: 50)) + distinct + distinct.reversed())
    #expect(withCopies == test)
    #expect(withCopies.pictures == 20)
  }

  @Test func energiesThatDoNotVaryAreRefused() throws {
    // Energies that are too small to be told apart, in different pictures.
    let pictures = try pictures(12)
    let faint = try pictures.indices.map { try constant(1e-9 * Float($0 + 1), like: pictures[0]) }
    #expect(throws: AContrarioError.noVariation(scale: 0)) { try CalibratedTest(pictures: faint) }
    // One scale that always says the same.
    let half = try pictures.map { [$0[0], try constant(5, like: $0)[1]] }
    #expect(throws: AContrarioError.noVariation(scale: 1)) { try CalibratedTest(pictures: half) }
  }

  @Test func tooFewRegionsAreRefused() throws {
    let grid = try pictures(1)
    let two = [try constant(4, like: grid[0]), try constant(9, like: grid[0])]
    #expect(throws: AContrarioError.tooFewRegions(count: 1, least: 2)) { try CalibratedTest(pictures: two) }
  }

  @Test func whatIsLearntFallsForEveryNumberOfPictures() throws {
    let all = try pictures(12)
    for count in 2...12 {
      let test = try CalibratedTest(pictures: Array(all[..<count]))
      #expect(test.isSound)
      let top = test.exceedances.largest[0]
      #expect(test.exceedances.logExpected(top + 100) < test.exceedances.logExpected(top) - 0.5)
    }
  }

  @Test func driftIsNotJudgedByOnePictureOrItsCopies() throws {
    let test = try CalibratedTest(pictures: try pictures(20))
    #expect(throws: AContrarioError.tooFewPictures(count: 0, least: 2)) {
      try test.driftPValue(meanDeviations: [])
    }
    #expect(throws: AContrarioError.tooFewPictures(count: 1, least: 2)) {
      try test.driftPValue(meanDeviations: [0.1])
    }
    #expect(throws: AContrarioError.identicalPictures(count: 60, distinct: 1)) {
      try test.driftPValue(meanDeviations: [Double](repeating: 0.1, count: 60))
    }
  }

  @Test func everyErrorIsASentence() {
    let shape = AContrarioError.Shape(channels: 2, height: 3, width: 4)
    let errors: [AContrarioError] = [
      .invalidShape(shape), .valueCount(5, shape: shape), .gridSize(expected: shape, found: shape),
      .scaleCount(expected: 2, found: 3), .noScales, .notFinite(index: 7),
      .tooFewPictures(count: 0, least: 2), .identicalPictures(count: 9, distinct: 1), .noVariation(scale: 0),
      .tooFewRegions(count: 1, least: 2), .equalHeights(count: 31),
    ]
    for error in errors {
      #expect(error.description.count > 20 && !error.description.contains("--"))
      #expect(!error.description.hasSuffix("."))
    }
  }
}
