import Testing

@testable import Torch

@Suite(.serialized) struct SecondLaneTests {
  @Test func bothHalvesAreDoneAndThreadsComeBack() throws {
    let before = Torch.threads
    do {
      let lanes = SecondLane()
      #expect(Torch.threads == max(before / 2, 1))
      var (here, there) = (0.0, 0.0)
      for round in 1...100 {
        try lanes.run(
          { here += Tensor.full([3], Double(round)).sum().item },
          beside: { there += Tensor.full([4], Double(round)).sum().item })
      }
      #expect(here == 3 * 5050 && there == 4 * 5050)
    }
    #expect(Torch.threads == before)
  }

  @Test func gradientsOfBothAddUp() throws {
    let weight = Tensor([1, 2, 3] as [Float], shape: [3])
    weight.requiringGradient()
    let lanes = SecondLane()
    for _ in 0..<50 {
      try lanes.run({ (weight * 2).sum().backward() }, beside: { (weight * weight).sum().backward() })
      #expect(weight.gradient?.floats == [4, 6, 8])
      weight.clearGradient()
    }
  }

  @Test func whatFailsInEitherIsAnErrorAndNotATrap() throws {
    struct Own: Error {}
    let lanes = SecondLane()
    func wrong() { _ = Tensor.zeros([2]) + Tensor.zeros([3]) }
    #expect(throws: TorchError.self) { try lanes.run({ wrong() }, beside: {}) }
    #expect(throws: TorchError.self) { try lanes.run({}, beside: { wrong() }) }
    #expect(throws: Own.self) { try lanes.run({}, beside: { throw Own() }) }
    var done = false
    try lanes.run({}, beside: { done = true })
    #expect(done)
  }
}
