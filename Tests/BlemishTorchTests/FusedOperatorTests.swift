import BlemishFiles
import GoldenCases
import Testing

@testable import BlemishTorch

@Suite("Fused operators") struct FusedOperatorTests {
  private func plain(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, stride: Int, padding: Int) -> Tensor {
    x.conv2d(weight, bias: bias, stride: stride, padding: padding)
  }

  @Test(arguments: [(kernel: 1, stride: 1), (kernel: 3, stride: 1), (kernel: 3, stride: 2)])
  func convolutionsFollowThePictureSize(_ kernel: Int, _ stride: Int) {
    Torch.seed(1)
    let weight = Tensor.randn([24, 20, kernel, kernel])
    let bias = Tensor.randn([24])
    let fused = FusedConvolution(weight: weight, bias: bias, stride: stride, padding: kernel / 2)
    // The weight is reordered for the first size, and again for every other.
    for (batch, side) in [(1, 16), (3, 16), (1, 48), (2, 10), (1, 16)] {
      let x = Tensor.randn([batch, 20, side, side])
      let expected = plain(x, weight, bias, stride: stride, padding: kernel / 2)
      expectClose(fused(x.channelsLast()).floats, expected.floats, relativeTolerance: 1e-5)
      expectClose(
        fused(x.channelsLast(), rectifying: true).floats, expected.relu().floats, relativeTolerance: 1e-5)
    }
  }

  @Test(arguments: [1, 3]) func convolutionsAddBeforeTheyRectify(_ kernel: Int) {
    Torch.seed(2)
    let weight = Tensor.randn([8, 8, kernel, kernel])
    let bias = Tensor.randn([8])
    let x = Tensor.randn([2, 8, 12, 12]).channelsLast()
    let other = Tensor.randn([2, 8, 12, 12]).channelsLast()
    let input = x.floats
    let without = plain(x, weight, bias, stride: 1, padding: kernel / 2)
    let expected = (without + other).relu().floats
    let fused = FusedConvolution(weight: weight, bias: bias, padding: kernel / 2)
    // With nothing to add the weight may lie in another order.
    expectClose(fused(x).floats, without.floats, relativeTolerance: 1e-5)
    let result = fused(x, rectifying: true, adding: other)
    expectClose(fused(x).floats, without.floats, relativeTolerance: 1e-5)
    expectClose(result.floats, expected, relativeTolerance: 1e-5)
    #expect(other.floats == result.floats)
    #expect(x.floats == input)
  }

  @Test func nothingIsKeptThatAFailureMade() {
    let x = Tensor.ones([1, 2, 3, 4])
    let prepared = PreparedWeight()
    #expect(throws: TorchError.self) {
      try withTorchErrors {
        _ = prepared.parts(for: x, asProduct: false) { [Tensor.zeros([2]) + Tensor.zeros([3])] }
      }
    }
    let parts = prepared.parts(for: x, asProduct: false) { [x] }
    #expect(parts.map(\.shape) == [x.shape])
  }

  @Test func linearMapsAreThoseOfThePlainOperator() {
    Torch.seed(3)
    let weight = Tensor.randn([40, 24])
    let bias = Tensor.randn([40])
    for rows in [nil, 7] {
      let fused = FusedLinear(weight: weight, bias: bias, rows: rows)
      for count in [1, 7, 50] {
        let x = Tensor.randn([2, count, 24])
        let expected = x.linear(weight, bias: bias)
        expectClose(fused(x).floats, expected.floats, relativeTolerance: 1e-5)
        expectClose(fused(x, .gelu).floats, expected.gelu().floats, relativeTolerance: 1e-5)
      }
    }
  }

  @Test(arguments: [1, 3], [ElementType.float32, .bfloat16])
  func convolutionGradientsAreThoseOfThePlainOperator(_ kernel: Int, _ type: ElementType) {
    Torch.seed(4)
    // What both types can say.
    func numbers(_ shape: [Int]) -> Tensor { .randn(shape).to(.bfloat16).to(.float32) }
    let x = numbers([2, 6, 9, 9]).channelsLast().requiringGradient()
    let weight = numbers([10, 6, kernel, kernel]).requiringGradient()
    let bias = numbers([10]).requiringGradient()
    let output = numbers([2, 10, 9, 9])
    let y = x.conv2d(weight, bias: bias, padding: kernel / 2)
    (y * output).sum().backward()
    let (gradient, input) = (output.channelsLast(type), x.detach().channelsLast(type))
    let (frozen, tolerance) = (weight.detach().to(type), type == .float32 ? 1e-5 : 1e-2)
    let rectified = input.fusedConv2d(
      frozen, bias: bias.detach().to(type), padding: kernel / 2, rectifying: true)
    let forInput = gradient.conv2dInputGradient(input: input, weight: frozen, padding: kernel / 2)
    let (forWeight, forBias) = gradient.conv2dWeightGradient(
      input: input, weight: frozen, padding: kernel / 2)
    expectClose(rectified.floats, y.relu().floats, relativeTolerance: tolerance)
    expectClose(forInput.floats, x.gradient!.floats, relativeTolerance: tolerance)
    expectClose(forWeight.floats, weight.gradient!.floats, relativeTolerance: tolerance)
    expectClose(forBias.floats, bias.gradient!.floats, relativeTolerance: tolerance)
  }

  @Test(arguments: [1, 3], [ElementType.float32, .bfloat16])
  func operationsOfConvolutionsAreCountedOnce(_ kernel: Int, _ type: ElementType) {
    let x = Tensor.randn([2, 6, 9, 9]).channelsLast(type)
    let gradient = Tensor.randn([2, 10, 9, 9]).channelsLast(type)
    let weight = Tensor.randn([10, 6, kernel, kernel]).to(type)
    let padding = kernel / 2
    let works: [() -> Void] = [
      { _ = x.fusedConv2d(weight, bias: nil, padding: padding) },
      { _ = gradient.conv2dInputGradient(input: x, weight: weight, padding: padding) },
      { _ = gradient.conv2dWeightGradient(input: x, weight: weight, padding: padding) },
    ]
    let expected = Double(2 * gradient.count * 6 * kernel * kernel)
    #expect(works.map { Torch.countingOperations($0) } == works.map { _ in expected })
  }
}

@Suite("Derivatives of one's own") struct DerivativeTests {
  /// x^2 * y with its derivative.
  private func product(_ x: Tensor, _ y: Tensor) -> Tensor {
    Tensor.withDerivative(of: [x, y]) { needed in
      let (x, y) = (x.detach(), y.detach())
      let derivative: Tensor.Derivative = { gradients in
        let gradient = gradients[0]!
        return [
          needed![0] ? gradient * x * y * 2 : nil,
          needed![1] ? gradient * x.square() : nil,
        ]
      }
      return ([x.square() * y], derivative)
    }[0]
  }

  @Test func flowThroughRecordedOperatorsOnBothSides() {
    let x = Tensor([Float(1), 2, 3], shape: [3]).requiringGradient()
    let y = Tensor([Float(4), 5, 6], shape: [3])
    ((product(x * 2, y) * 3).sum()).backward()
    // 3 (2x)^2 y
    #expect(x.gradient!.floats == [96, 240, 432])
  }

  @Test func areNotAskedForWhereNothingIsRecorded() {
    let x = Tensor([Float(1)], shape: [1]).requiringGradient()
    #expect(withoutGradient { product(x, x) }.requiresGradient == false)
    #expect(product(x.detach(), x.detach()).requiresGradient == false)
  }

  @Test func freeWhatTheyHold() {
    final class Witness { let tensor = Tensor.zeros([1]) }
    weak var seen: Witness?
    let x = Tensor([Float(2)], shape: [1]).requiringGradient()
    for differentiates in [true, false] {
      do {
        let witness = Witness()
        seen = witness
        let y = Tensor.withDerivative(of: [x]) { _ in ([x.detach() * 1], { [$0[0]! + witness.tensor] }) }[0]
        if differentiates { y.sum().backward() }
      }
      #expect(seen == nil)
    }
  }

  @Test func refuseInputsThatWereChangedSince() {
    let x = Tensor([Float(1), 2, 3], shape: [3]).requiringGradient()
    let y = Tensor([Float(4), 5, 6], shape: [3])
    let z = product(x, y)
    y.mul_(2)
    let error = #expect(throws: TorchError.self) { try withTorchErrors { z.sum().backward() } }
    #expect(error?.description.contains("changed in place") == true)
  }

  @Test func failAsErrors() {
    let x = Tensor([Float(1), 2], shape: [2]).requiringGradient()
    #expect(throws: TorchError.self) {
      try withTorchErrors {
        let y = Tensor.withDerivative(of: [x]) { _ in
          ([x.detach() * 2], { _ in [Tensor.zeros([2]).matmul(Tensor.zeros([3]))] })
        }[0]
        y.sum().backward()
      }
    }
  }
}
