import BlemishAContrario
import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishCore

@Suite("Energies of latents") struct EnergiesTests {
  @Test(arguments: [1, 3, 16, 17, 40]) func areTheSumsOfSquares(channels: Int) {
    let z = Tensor.randn([2, channels, 5, 7])
    let expected = z.square().sum([1]).floats
    for layout in [z, z.channelsLast(), z.to(.float64)] {
      let energies = layout.energies
      #expect(energies.shape == [2, 5, 7])
      expectClose(energies.floats, expected, relativeTolerance: 1e-6, "\(channels) channels")
    }
  }

  @Test func ofABatchAreToldPictureByPicture() throws {
    let scales = [Tensor.randn([3, 8, 6, 4]), Tensor.randn([3, 9, 3, 2])]
    let energies = BatchEnergies(scales)
    for picture in 0..<3 {
      for (scale, z) in zip(try energies.picture(picture), scales) {
        let own = z.select(0, picture)
        #expect((scale.channels, scale.height, scale.width) == (own.size(0), own.size(1), own.size(2)))
        expectClose(scale.values, own.square().sum([0]).floats, relativeTolerance: 1e-6, "picture \(picture)")
      }
    }
  }

  @Test func thatAreNoNumbersAreRefusedForTheirPictureOnly() throws {
    let z = Tensor.zeros([2, 4, 2, 2])
    _ = z.select(0, 1).copy_(.full([4, 2, 2], .nan))
    let energies = BatchEnergies([z])
    #expect(try energies.picture(0)[0].values == [0, 0, 0, 0])
    #expect(throws: AContrarioError.notFinite(index: 0)) { try energies.picture(1) }
  }
}
