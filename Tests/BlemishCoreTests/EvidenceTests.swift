@testable import BlemishDetectors
import BlemishSupport
import BlemishTorch
import Testing

@testable import BlemishCore

@Suite struct EvidenceTests {
  private let detector = try! UFlow(
    Parameters(seed: 1).root,
    features: FeatureDescription(
      shapes: [
        FeatureShape(channels: 8, height: 8, width: 8), FeatureShape(channels: 8, height: 4, width: 4),
      ], strides: [4, 8]), configuration: UFlow.Configuration())

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
    let joined = Evidence(response: Response(latents()), ofBackbone: nil)
    let maps = joined.maps(of: detector, height: 16, width: 16)
    #expect(
      maps.localization.floats
        == detector.maps(of: joined.response, height: 16, width: 16).localization.floats)
    #expect(joined.joined.map(\.floats) == joined.response.scales.map(\.floats))
  }

  /// One scale at its own size, where nothing is interpolated: the order is U-Flow's to the last pixel.
  @Test func evidenceOfNothingOrdersPixelsAsUFlowDoes() {
    let z = Array(latents().prefix(1))
    let published = detector.maps(of: z, height: 8, width: 8).localization.floats
    let map = Evidence(response: Response(z), ofBackbone: evidence(0)).maps(of: detector, height: 8, width: 8)
      .localization.floats
    #expect(map.allSatisfy { (0...1).contains($0) })
    let order = { (values: [Float]) in values.indices.sorted { values[$0] < values[$1] } }
    #expect(order(map) == order(published))
    #expect(Set(map).count > 60)
  }

  /// With several scales it is that of one minus the mean of exp(-energy / 2), interpolated before the exponential.
  @Test func evidenceOfNothingOrdersPixelsByTheMeanOverTheScales() {
    let z = latents()
    let halves = z.map { z in
      (z.square().mean([1], keepingDimensions: true) * 0.5).interpolateBilinear(height: 16, width: 16)
    }
    let expected = (1 - Tensor.stack(halves.map { (-$0).exp() }).mean([0])).floats
    let map = Evidence(response: Response(z), ofBackbone: evidence(0)).maps(
      of: detector, height: 16, width: 16
    ).localization
      .floats
    let order = { (values: [Float]) in values.indices.sorted { values[$0] < values[$1] } }
    // Rounding may exchange neighbours that are equal to its last bits, and no others.
    for (one, other) in zip(order(map), order(expected)) {
      #expect(abs(expected[one] - expected[other]) < 1e-6)
    }
  }

  @Test func evidenceRaisesTheEnergiesOfItsCells() {
    let z = latents()
    let joined = Evidence(response: Response(z), ofBackbone: evidence(4)).joined
    for (scale, cell) in [(0, 3 * 8 + 6), (1, 1 * 4 + 3)] {
      let energies = [z[scale], joined[scale]].map { $0.square().sum([1]).floats }
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
      return Evidence(response: Response(z), ofBackbone: evidence(4)).maps(
        of: detector, height: 16, width: 16
      ).imageScore.item
    }
    #expect(scores[0] < scores[1] && scores[1] < 1)
  }

  @Test(arguments: [1e38, -1e38, 1e3, -1e3] as [Float]) func boundlessEvidenceGivesNumbers(_ value: Float) {
    let joined = Evidence(response: Response(latents()), ofBackbone: evidence(value))
    #expect(joined.joined.allSatisfy { $0.floats.allSatisfy(\.isFinite) })
    let maps = joined.maps(of: detector, height: 16, width: 16)
    #expect(maps.localization.floats.allSatisfy { (0...1).contains($0) })
    #expect(maps.imageScore.floats == [maps.localization.floats.max()])
  }
}
