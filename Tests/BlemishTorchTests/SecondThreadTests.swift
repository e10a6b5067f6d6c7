import Testing

@testable import BlemishTorch

@Suite(.serialized) struct SecondThreadTests {
  @Test func bothHalvesAreDoneAndThreadsComeBack() throws {
    let before = Torch.threads
    do {
      let second = SecondThread()
      #expect(Torch.threads == max(before / 2, 1))
      var (here, there) = (0.0, 0.0)
      for round in 1...100 {
        try second.run(
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
    let second = SecondThread()
    for _ in 0..<50 {
      try second.run({ (weight * 2).sum().backward() }, beside: { (weight * weight).sum().backward() })
      #expect(weight.gradient?.floats == [4, 6, 8])
      weight.clearGradient()
    }
  }

  @Test func whatFailsInEitherIsAnErrorAndNotATrap() throws {
    struct Own: Error {}
    let second = SecondThread()
    func wrong() { _ = Tensor.zeros([2]) + Tensor.zeros([3]) }
    #expect(throws: TorchError.self) { try second.run({ wrong() }, beside: {}) }
    #expect(throws: TorchError.self) { try second.run({}, beside: { wrong() }) }
    #expect(throws: Own.self) { try second.run({}, beside: { throw Own() }) }
    var done = false
    try second.run({}, beside: { done = true })
    #expect(done)
  }
}
