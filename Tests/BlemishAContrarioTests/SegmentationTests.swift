import Foundation
import Testing

@testable import BlemishAContrario

/// What is marked of significant regions.
@Suite("The segmentation") struct SegmentationTests {
  private let test: CalibratedTest
  /// A picture whose finer scale, of 24 x 24, has one hot pixel in row 11 and column 11.
  private let hot: [ScaleEnergies]
  private let flat: [ScaleEnergies]

  init() throws {
    var random = NormalNumbers(seed: 37)
    test = try CalibratedTest(
      pictures: (0..<40).map { _ in try CalibratedTestTests.picture(&random, heavy: false) })
    let ordinary = try CalibratedTestTests.picture(&random, heavy: false)
    var energy = ordinary[0].values
    energy[11 * 24 + 11] *= 1e4
    hot = [
      try ScaleEnergies(energy, channels: ordinary[0].channels, height: 24, width: 24), ordinary[1],
    ]
    flat = try ordinary.map {
      try ScaleEnergies(
        [Float](repeating: 0, count: $0.values.count), channels: $0.channels, height: $0.height,
        width: $0.width)
    }
  }

  private func marked(_ tested: some AContrarioResult, below limit: Double, side: Int) throws -> [Int] {
    let map = try tested.logNFA(height: side, width: side)
    let pixels = tested.segmentation(below: limit, of: map, height: side, width: side)
    return pixels.indices.filter { pixels[$0] }
  }

  @Test func aRegionLostBetweenPixelsIsMarkedByItsPeakAlone() throws {
    let tested = try CalibratedTestResult(scales: hot, test: test)
    let limit = tested.mostSignificantLogNFA + 1e-3
    #expect(limit < -2)
    #expect(tested.regionLogNFAs.count { $0 < limit } == 1)
    // At a size that samples rows and columns 2.5, 8.5, 14.5 and 20.5 nothing is drawn.
    #expect(try tested.logNFA(height: 4, width: 4).allSatisfy { Double($0) >= limit })
    #expect(try marked(tested, below: limit, side: 4) == [1 * 4 + 1])
    #expect(try marked(tested, below: limit, side: 1) == [0])
    #expect(try marked(tested, below: limit, side: 24).contains(11 * 24 + 11))
    for pixel in try marked(tested, below: limit, side: 96) {
      #expect((40..<52).contains(pixel / 96) && (40..<52).contains(pixel % 96))
    }
  }

  @Test(arguments: [0.0, 3, 9]) func aPictureWithoutRegionsIsNeverAnomalous(_ limit: Double) throws {
    let tested = try CalibratedTestResult(scales: flat, test: test)
    #expect(tested.regionLogNFAs.isEmpty)
    #expect(!tested.isSignificant(below: limit))
    #expect(try marked(tested, below: limit, side: 24).isEmpty)
  }

  @Test func whatIsOutsideOfRegionsIsNeverMarked() throws {
    let tested = try CalibratedTestResult(scales: hot, test: test)
    let map = try tested.logNFA(height: 24, width: 24)
    let outside = map.indices.filter { map[$0] == tested.logNFAOutsideRegions }
    #expect(!outside.isEmpty)
    // More than there are regions in a picture: all of them count, and nothing else does.
    let marked = Set(try marked(tested, below: 9, side: 24))
    let peaks = Set(tested.peaks(height: 24, width: 24).map(\.pixel))
    #expect(peaks.isSubset(of: marked))
    #expect(outside.allSatisfy { !marked.contains($0) || peaks.contains($0) })
    #expect(map.indices.allSatisfy { map[$0] == tested.logNFAOutsideRegions || marked.contains($0) })
  }

  @Test func thePublishedTestMarksNoMoreThanThePeakEither() throws {
    var latents = (0..<32 * 16 * 16).map { Float($0 % 2 == 0 ? 0.9 : -0.9) }
    for channel in 0..<32 { latents[(channel * 16 + 5) * 16 + 5] = 40 }
    let scale = try ScaleEnergies(latents: latents, channels: 32, height: 16, width: 16)
    let tested = try PublishedTestResult(scales: [scale], height: 16, width: 16)
    #expect(tested.mostSignificantLogNFA < 0)
    #expect(try marked(tested, below: 0, side: 16) == [5 * 16 + 5])
    #expect(try marked(tested, below: 0, side: 2) == [0])
  }
}
