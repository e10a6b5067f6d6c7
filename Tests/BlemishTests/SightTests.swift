import Testing
import Torch

@testable import Blemish

@Suite struct SightTests {
  private let detector = try! UFlow(
    Parameters(seed: 1).root,
    features: [
      FeatureShape(channels: 8, height: 8, width: 8), FeatureShape(channels: 8, height: 4, width: 4),
    ], normalisingFeatures: false)

  private func latents() -> [Tensor] {
    var random = RandomStream(seed: 3)
    return [8, 4].map { side in
      Tensor((0..<8 * side * side).map { _ in Float(random.normal()) }, shape: [1, 8, side, side])
    }
  }

  /// Evidence `[1, 1, 8, 8]` that is 0 but for one pixel.
  private func evidence(_ value: Float) -> Tensor {
    var values = [Float](repeating: 0, count: 64)
    values[3 * 8 + 6] = value
    return Tensor(values, shape: [1, 1, 8, 8])
  }

  @Test func withoutEvidenceTheMapsAreTheDetectors() {
    let sight = Sight(z: latents(), evidence: nil)
    let maps = sight.maps(of: detector, height: 16, width: 16)
    #expect(maps.localization.floats == detector.maps(sight.z, height: 16, width: 16).localization.floats)
    #expect(sight.weighed.map(\.floats) == sight.z.map(\.floats))
  }

  @Test func evidenceOfNothingOrdersPixelsAsUFlowDoes() {
    let z = latents()
    let published = detector.maps(z, height: 4, width: 4).localization.floats
    let maps = Sight(z: z, evidence: evidence(0)).maps(of: detector, height: 4, width: 4)
    let map = maps.localization.floats
    #expect(map.allSatisfy { (0...1).contains($0) })
    // Interpolated before the exponential, not behind it: the same at the places of the coarser scale but for the finer.
    let order = { (values: [Float]) in values.indices.sorted { values[$0] < values[$1] } }
    #expect(order(map).first == order(published).first && order(map).last == order(published).last)
  }

  @Test func evidenceRaisesTheEnergiesOfItsCells() {
    let z = latents()
    let weighed = Sight(z: z, evidence: evidence(4)).weighed
    for (scale, cell) in [(0, 3 * 8 + 6), (1, 1 * 4 + 3)] {
      let energies = [z[scale], weighed[scale]].map { $0.square().sum([1]).floats }
      for place in energies[0].indices {
        let factor = energies[1][place] / energies[0][place]
        // e^(0.5 * 4) where it is, 1 elsewhere.
        #expect(abs(factor - (place == cell ? 7.389 : 1)) < 1e-3)
      }
    }
  }

  @Test func whatIsFarFromGoodIsNotAllTheSame() {
    let scores = [30, 60].map { factor in
      let z = latents().map { $0 * Double(factor) }
      return Sight(z: z, evidence: evidence(4)).maps(of: detector, height: 16, width: 16).imageScore.item
    }
    #expect(scores[0] < scores[1] && scores[1] < 1)
  }

  @Test(arguments: [1e38, -1e38, 1e3, -1e3] as [Float]) func boundlessEvidenceGivesNumbers(_ value: Float) {
    let sight = Sight(z: latents(), evidence: evidence(value))
    #expect(sight.weighed.allSatisfy { $0.floats.allSatisfy(\.isFinite) })
    let maps = sight.maps(of: detector, height: 16, width: 16)
    #expect(maps.localization.floats.allSatisfy { (0...1).contains($0) })
    #expect(maps.imageScore.floats == [maps.localization.floats.max()])
  }
}
