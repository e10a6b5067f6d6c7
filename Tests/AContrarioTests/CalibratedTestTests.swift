import Foundation
import Testing

@testable import AContrario

@Suite("The calibrated test") struct CalibratedTestTests {
  /// Energies of a picture: chi-square like, smoothed over neighbours, and heavier in the tail where asked.
  static func picture(_ random: inout NormalNumbers, heavy: Bool) throws -> [LatentScale] {
    try [(24, 16), (12, 24)].map { side, channels in
      let strength = heavy ? exp(0.3 * random.normal()) : 1
      let noise = (0..<(side * side)).map { _ in random.normal() }
      var energy = [Float](repeating: 0, count: side * side)
      for y in 0..<side {
        for x in 0..<side {
          // The mean of a window, so that neighbours are correlated.
          var sum = 0.0
          for dy in 0...1 { for dx in 0...1 { sum += noise[(y + dy) % side * side + (x + dx) % side] } }
          let tail = heavy ? exp(0.35 * sum / 2) : 1 + 0.2 * max(sum / 2, -4)
          energy[y * side + x] = Float(Double(channels) * tail * strength)
        }
      }
      return try LatentScale(energy: energy, channels: channels, height: side, width: side)
    }
  }

  @Test(arguments: [false, true]) func keepsItsPromiseOnPicturesThatItHasNotSeen(_ heavy: Bool) throws {
    var random = NormalNumbers(seed: heavy ? 7 : 3)
    let test = try CalibratedTest(pictures: (0..<150).map { _ in try Self.picture(&random, heavy: heavy) })
    let fresh = 600
    var counts = [0.0: 0, -1.0: 0]
    for _ in 0..<fresh {
      let regions = try test.regions(Self.picture(&random, heavy: heavy))
      let logNFAs = regions.flatMap { $0.regions.map { $0.logProbability + test.logTests } }
      for level in counts.keys { counts[level]! += logNFAs.count { $0 < level } }
    }
    for (level, count) in counts {
      let promised = pow(10, level)
      let observed = Double(count) / Double(fresh)
      #expect(observed < 1.5 * promised, "observed \(observed), promised \(promised)")
      #expect(observed > promised / 2, "observed \(observed), promised \(promised)")
    }
  }

  @Test func findsAStrongDefect() throws {
    var random = NormalNumbers(seed: 5)
    let test = try CalibratedTest(pictures: (0..<100).map { _ in try Self.picture(&random, heavy: true) })
    var scales = try Self.picture(&random, heavy: true)
    var energy = scales[0].energy
    for y in 8..<13 { for x in 8..<13 { energy[y * 24 + x] = 16 * 12 } }
    scales[0] = try LatentScale(energy: energy, channels: 16, height: 24, width: 24)
    let found = try NumberOfFalseAlarms(scales: scales, test: test, height: 24, width: 24)
    #expect(found.mostSignificantLogNFA < -1)
    #expect(found.logNFA[10 * 24 + 10] < -1)
    #expect(found.logNFA[0] >= 0)
  }

  @Test func tellsDriftFromChance() throws {
    var random = NormalNumbers(seed: 11)
    let test = try CalibratedTest(pictures: (0..<60).map { _ in try Self.picture(&random, heavy: false) })
    let alike = try (0..<40).map { _ in test.meanEnergy(try Self.picture(&random, heavy: false)) }
    #expect(test.driftPValue(meanEnergies: alike) > 0.05)
    #expect(test.driftPValue(meanEnergies: alike.map { $0 * 1.2 }) < 1e-6)
  }

  @Test func meansTheSameAfterBeingWrittenAndRead() throws {
    var random = NormalNumbers(seed: 13)
    let test = try CalibratedTest(pictures: (0..<20).map { _ in try Self.picture(&random, heavy: true) })
    let read = try JSONDecoder().decode(CalibratedTest.self, from: try JSONEncoder().encode(test))
    #expect(read == test)
  }

  @Test func refusesAPictureOfOtherScales() throws {
    var random = NormalNumbers(seed: 17)
    let test = try CalibratedTest(pictures: [try Self.picture(&random, heavy: false)])
    let one = [try Self.picture(&random, heavy: false)[0]]
    #expect(throws: AContrarioError.self) { try test.regions(one) }
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
