import GoldenCases
import Testing

@testable import BlemishTorch

@Suite("Minimal filtering") struct WinogradTests {
  /// Numbers of channels that are no multiples of a vector, sizes that are no multiples of a tile, and weights in one
  /// part and in several.
  static let shapes = [
    (batch: 1, inputs: 40, outputs: 42, height: 32, width: 32),
    (batch: 2, inputs: 83, outputs: 64, height: 33, width: 27),
    (batch: 3, inputs: 48, outputs: 168, height: 14, width: 50),
    (batch: 1, inputs: 512, outputs: 115, height: 54, width: 53),
    (batch: 1, inputs: 64, outputs: 64, height: 116, width: 64),
  ]

  /// Pictures, a weight that keeps their scale, and a bias.
  private func generated(
    _ shape: (batch: Int, inputs: Int, outputs: Int, height: Int, width: Int)
  ) -> (x: Tensor, weight: Tensor, bias: Tensor) {
    Torch.seed(1)
    let weight =
      Tensor.randn([shape.outputs, shape.inputs, 3, 3]) * (1 / Double(9 * shape.inputs).squareRoot())
    return (
      Tensor.randn([shape.batch, shape.inputs, shape.height, shape.width]).channelsLast(),
      weight.channelsLast(), Tensor.randn([shape.outputs])
    )
  }

  /// Whether single-precision numbers of about one are those of a plain operator in double precision.
  private func expectNear(_ found: Tensor, _ exact: Tensor, scale: Double = 1) {
    #expect(found.shape == exact.shape)
    let farthest = (found.to(.float64) - exact).square().amax(Array(0..<exact.rank)).sqrt().item
    #expect(farthest < 2e-4 * scale)
  }

  @Test(arguments: shapes, [0, 1])
  func convolutionsAreThoseOfThePlainOperator(
    _ shape: (batch: Int, inputs: Int, outputs: Int, height: Int, width: Int), _ padding: Int
  ) throws {
    let (x, weight, bias) = generated(shape)
    #expect(Winograd(x, weight: weight, padding: padding, for: .changingWeight) != nil)
    let exact = x.to(.float64).conv2d(weight.to(.float64), bias: bias.to(.float64), padding: padding)
    expectNear(x.fusedConv2d(weight, bias: bias, padding: padding), exact)
    let fused = FusedConvolution(weight: weight, bias: bias, padding: padding)
    expectNear(fused(x), exact)
    let added = Tensor.randn(exact.shape).channelsLast()
    let sum = (exact + added.to(.float64)).relu()
    expectNear(fused(x, rectifying: true, adding: added), sum)
  }

  @Test(arguments: shapes)
  func gradientsAreThoseOfThePlainOperator(
    _ shape: (batch: Int, inputs: Int, outputs: Int, height: Int, width: Int)
  ) throws {
    let (x, weight, bias) = generated(shape)
    #expect(Winograd(x, weight: weight, padding: 1, for: .weightGradient) != nil)
    let gradient = Tensor.randn([shape.batch, shape.outputs, shape.height, shape.width]).channelsLast()
    #expect(Winograd(gradient, weight: weight, padding: 1, for: .inputGradient) != nil)
    let exact = (x: x.to(.float64).requiringGradient(), weight: weight.to(.float64).requiringGradient())
    (exact.x.conv2d(exact.weight, bias: bias.to(.float64), padding: 1) * gradient.to(.float64)).sum()
      .backward()
    expectNear(
      gradient.conv2dInputGradient(input: x, weight: weight, padding: 1), exact.x.gradient!)
    let found = gradient.conv2dWeightGradient(input: x, weight: weight, padding: 1)
    // A sum over all pixels.
    let pixels = Double(shape.batch * shape.height * shape.width)
    expectNear(found.weight, exact.weight.gradient!, scale: pixels.squareRoot())
    expectNear(found.bias, gradient.to(.float64).sum([0, 2, 3]), scale: pixels.squareRoot())
  }

  @Test func aPictureOfAnotherShapeGetsFiltersOfItsOwn() {
    let (x, weight, bias) = generated((batch: 2, inputs: 64, outputs: 64, height: 32, width: 32))
    let fused = FusedConvolution(weight: weight, bias: bias, padding: 1)
    // Too small for tiles, large enough, and back.
    for side in [8, 32, 20, 8] {
      let part = x.narrow(2, from: 0, length: side).narrow(3, from: 0, length: side).channelsLast()
      expectNear(
        fused(part), part.to(.float64).conv2d(weight.to(.float64), bias: bias.to(.float64), padding: 1))
    }
  }

  /// Too few tiles in a picture for filters that are kept, and enough in the batch for those that are not.
  @Test func manySmallPicturesAreNotTakenForOneLargeOne() {
    let (x, weight, bias) = generated((batch: 16, inputs: 64, outputs: 64, height: 12, width: 12))
    #expect(Winograd(x, weight: weight, padding: 1, for: .constantWeight) == nil)
    #expect(Winograd(x, weight: weight, padding: 1, for: .changingWeight) != nil)
    let exact = x.to(.float64).conv2d(weight.to(.float64), bias: bias.to(.float64), padding: 1)
    expectNear(FusedConvolution(weight: weight, bias: bias, padding: 1)(x), exact)
    expectNear(x.fusedConv2d(weight, bias: bias, padding: 1), exact)
  }

  @Test func aPrimeNumberOfRowsIsNotTakenAtOnce() throws {
    let (x, weight, _) = generated(Self.shapes[4])
    let winograd = try #require(Winograd(x, weight: weight, padding: 1, for: .changingWeight))
    let blocks = winograd.blocks
    #expect(blocks.count > 1)
    #expect(blocks.flatMap { Array($0) } == Array(0..<29))
  }

  @Test func whatIsAddedTakesTheResultInItsOwnOrder() {
    let (x, weight, bias) = generated(Self.shapes[0])
    let added = Tensor.randn([1, 42, 32, 32])
    let exact = x.to(.float64).conv2d(weight.to(.float64), bias: bias.to(.float64), padding: 1)
    let sum = exact + added.to(.float64)
    let result = FusedConvolution(weight: weight, bias: bias, padding: 1)(x, adding: added)
    expectNear(result, sum)
    expectNear(added, sum)
  }

  @Test func failuresBeforeAreThrownBehindTheScope() {
    let (x, weight, bias) = generated(Self.shapes[0])
    let fused = FusedConvolution(weight: weight, bias: bias, padding: 1)
    func failed() -> Tensor { Tensor.zeros([2]) + Tensor.zeros([3]) }
    let bodies: [() -> Tensor] = [
      { x.fusedConv2d(weight, bias: failed(), padding: 1) },
      { fused(x, adding: failed()) },
      { failed().conv2dWeightGradient(input: x, weight: weight, padding: 1).weight },
    ]
    for (index, body) in bodies.enumerated() {
      let error = #expect(throws: TorchError.self, "\(index)") { try withTorchErrors { _ = body() } }
      #expect(error?.description.contains("must match the size") == true, "\(index)")
    }
    let exact = x.to(.float64).conv2d(weight.to(.float64), bias: bias.to(.float64), padding: 1)
    expectNear(fused(x), exact)
  }

  @Test func otherConvolutionsAreLeftToOthers() {
    let (x, weight, _) = generated((batch: 1, inputs: 64, outputs: 64, height: 32, width: 32))
    func suits(_ x: Tensor, _ weight: Tensor, stride: Int = 1, padding: Int = 1, groups: Int = 1) -> Bool {
      Winograd(x, weight: weight, stride: stride, padding: padding, groups: groups, for: .constantWeight)
        != nil
    }
    #expect(suits(x, weight))
    #expect(!suits(x, weight, stride: 2))
    #expect(!suits(x, weight, groups: 2))
    #expect(!suits(x, weight, padding: 2))
    #expect(!suits(x.to(.bfloat16), weight.to(.bfloat16)))
    #expect(!suits(x.to(.float64), weight.to(.float64)))
    #expect(!suits(x, Tensor.randn([64, 64, 1, 1])))
    #expect(!suits(x, Tensor.randn([64, 63, 3, 3])))
    #expect(!suits(x, Tensor.randn([8, 64, 3, 3])))
  }
}

@Suite("Kept memory") struct KeptMemoryTests {
  /// A process of its own: what other tests take would come between.
  @Test func blocksAreUsedAgainButNotTwice() async {
    await #expect(processExitsWith: .success) {
      Torch.keepFreedMemory()
      let count = 9 << 20
      func filled(_ number: Double) -> Tensor { Tensor.full([count], number) }
      func address(_ tensor: Tensor) -> UnsafeRawPointer? { tensor.withUnsafeBytes { $0.baseAddress } }
      var first: Tensor? = filled(1)
      let freed = address(first!)
      let second = filled(2)
      precondition(address(second) != freed, "a block in use was given twice")
      first = nil
      let third = filled(3)
      precondition(address(third) == freed, "a freed block was not used again")
      // Other sizes take no block that is in use.
      let others = (4...7).map { Tensor.full([count + Int($0) << 20], Double($0)) }
      for (index, tensor) in ([second, third] + others).enumerated() {
        precondition(tensor.mean().item == Double(index + 2), "tensor \(index) was overwritten")
      }
    }
  }
}
