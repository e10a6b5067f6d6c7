import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishFlows

@Suite("Convolutions of flows") struct FlowConvolutionTests {
  /// A convolution whose weight was brought into the processor's order must not go on with it once it has changed.
  @Test(arguments: [ElementType.float32, .bfloat16], [16, 48])
  func followTheirParameters(_ type: ElementType, _ channels: Int) throws {
    let parameters = Parameters(seed: 1, productType: type)
    let convolution = try Convolution(parameters.root, inputs: channels, outputs: channels, kernel: 3)
    let x = Tensor(Golden.gauss("x", channels * 32 * 32), shape: [1, channels, 32, 32])
    func judged() -> [Float] { withoutGradient { convolution(x).to(.float32).floats } }
    func trained() -> [Float] { convolution(x).detach().to(.float32).floats }
    func expectSame() {
      expectClose(judged(), trained(), relativeTolerance: type == .float32 ? 1e-4 : 2e-2)
    }
    let first = judged()
    let again = judged() == first
    #expect(again)
    expectSame()
    // By an optimiser, without anything in between that would let go of the old weight.
    _ = judged()
    let optimizer = Adam(parameters.trainable, weightDecay: 0)
    convolution(x).to(.float32).square().mean().backward()
    _ = judged()
    optimizer.step(learningRate: 0.1)
    let moved = judged() != first
    #expect(moved)
    expectSame()
    // By hand.
    _ = judged()
    withoutGradient { for (_, tensor) in parameters.trainable { tensor.mul_(3) } }
    expectSame()
    // The bias alone.
    let before = judged()
    let bias = try #require(parameters.all["bias"])
    withoutGradient { _ = bias.add_(1) }
    let shifted = judged() != before
    #expect(shifted)
    expectSame()
  }

  @Test func keepNothingThatAFailureMade() {
    func made(_ weight: Tensor) -> FusedConvolution {
      FusedConvolution(weight: weight, bias: .zeros([4]), padding: 1)
    }
    let cached = CachedConvolution()
    #expect(throws: TorchError.self) {
      try withTorchErrors {
        _ = cached.convolution(versions: [1]) { made(Tensor.zeros([2]) + Tensor.zeros([3])) }
      }
    }
    let convolution = cached.convolution(versions: [1]) { made(.ones([4, 4, 3, 3])) }
    let y = convolution(Tensor.ones([1, 4, 8, 8]).channelsLast())
    #expect(y.amax([0, 1, 2, 3]).item == 36)
  }
}
