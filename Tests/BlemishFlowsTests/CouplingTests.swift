import BlemishFiles
import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishFlows

/// The kernel of a coupling beside its definition by operators.
@Suite("Coupling") struct CouplingTests {
  private typealias Function = (Coupling) -> ([Tensor], Tensor, Bool) -> (
    values: [Tensor], logDeterminant: Tensor
  )

  /// Numbers of channels that four divides and does not divide, the halves of one size and of two; pictures that fill a
  /// block of pixels and that do not.
  @Test(arguments: [(8, 4, 8), (9, 7, 5), (30, 3, 2), (85, 9, 9)], [ElementType.float32, .bfloat16])
  func kernelIsTheDefinition(_ size: (channels: Int, height: Int, width: Int), _ type: ElementType) throws {
    let byOperators = try results(size, type, joining: true) { Coupling.byOperators($0) }
    for joining in [true, false] {
      let inOnePass = try results(size, type, joining: joining) { Coupling.inOnePass($0) }
      #expect(inOnePass.count == byOperators.count)
      for (index, (found, expected)) in zip(inOnePass, byOperators).enumerated() {
        // The gradient of what a reduced subnet gave is rounded to its type on both sides.
        let tolerance = type == .bfloat16 && index == 6 ? 1e-2 : 1e-4
        expectClose(found, expected, relativeTolerance: tolerance, "result \(index)")
      }
    }
  }

  /// In bfloat16 scales are looked up by what the subnet says, whatever it says.
  @Test(arguments: [ElementType.float32, .bfloat16])
  func outputsOfAnySizeAreHarmless(_ type: ElementType) throws {
    let size = (channels: 8, height: 1, width: 3)
    for extreme in [Float](arrayLiteral: 1e4, -1e4, .infinity, -.infinity) {
      let expected = try values(size, type, subnet: extreme) { Coupling.byOperators($0) }
      let found = try values(size, type, subnet: extreme) { Coupling.inOnePass($0) }
      if extreme.isFinite { expectClose(found, expected, relativeTolerance: 1e-4, "\(extreme)") }
      #expect(zip(found, expected).allSatisfy { $0.isFinite == $1.isFinite }, "\(extreme)")
    }
    let lost = try values(size, type, subnet: .nan) { Coupling.inOnePass($0) }
    #expect(lost.contains { $0.isNaN })
  }

  @Test func aFailureBeforeIsThrownBehindTheScope() throws {
    let coupling = try Coupling(Parameters(seed: 1).root, channels: 8, clamp: 2)
    let halves = [coupling.kept, coupling.changed].map { Tensor.ones([1, $0, 2, 2]).channelsLast() }
    for joining in [true, false] {
      let error = #expect(throws: TorchError.self) {
        try withTorchErrors {
          _ = coupling.inOnePass(halves, Tensor.zeros([2]) + Tensor.zeros([3]), joining: joining)
        }
      }
      #expect(error?.description.contains("must match the size") == true)
    }
  }

  private func values(
    _ size: (channels: Int, height: Int, width: Int), _ type: ElementType, subnet: Float,
    _ function: Function
  ) throws -> [Float] {
    let coupling = try Coupling(Parameters(seed: 1).root, channels: size.channels, clamp: 2)
    let shape = [1, size.channels / 2, size.height, size.width]
    let halves = ["x1", "x2"].map {
      Tensor(Golden.gauss($0, shape.reduce(1, *)), shape: shape).channelsLast()
    }
    let a = Tensor.full([1, size.channels, size.height, size.width], Double(subnet)).to(type)
    let (values, logDeterminant) = withoutGradient { function(coupling)(halves, a, true) }
    return values[0].floats + logDeterminant.floats
  }

  /// The value, the log-determinant, and the gradients of a function of both.
  private func results(
    _ size: (channels: Int, height: Int, width: Int), _ type: ElementType, joining: Bool,
    _ function: Function
  ) throws -> [[Float]] {
    let parameters = Parameters(seed: 1)
    let coupling = try Coupling(parameters.root, channels: size.channels, clamp: 1.5)
    parameters.stir(by: 0.3)
    func given(_ name: String, _ channels: Int) -> Tensor {
      let shape = [2, channels, size.height, size.width]
      return Tensor(Golden.gauss(name, shape.reduce(1, *)), shape: shape).channelsLast()
    }
    let halves = [given("x1", coupling.kept), given("x2", coupling.changed)]
    let a = (given("a", 2 * coupling.changed) * 5).to(type)
    for tensor in halves + [a] { tensor.requiringGradient() }
    let (values, logDeterminant) = function(coupling)(halves, a, joining)
    let value = Tensor.cat(Array(values.prefix(2)), along: 1)
    // The first half comes once more where the subnet takes bfloat16, and hands on another gradient then.
    let first = value.narrow(1, from: 0, length: coupling.kept)
    let seen = values.count > 2 ? values[2] : first
    #expect(seen.elementType == (values.count > 2 ? type : .float32))
    expectClose(seen.detach().to(.float32).floats, first.detach().floats, relativeTolerance: 4e-3, "seen")
    let ofSeen = (seen.to(.float32) * given("others", coupling.kept).to(type).to(.float32)).sum()
    let ofValue = (value * given("weights", size.channels)).sum() + ofSeen
    let ofLogDeterminant = logDeterminant.square().sum() * 0.01
    (ofValue + ofLogDeterminant).backward()
    let trained = parameters.trainable.map(\.tensor)
    return ([value.detach(), logDeterminant.detach()] + (trained + halves + [a]).map { $0.gradient! })
      .map { $0.to(.float32).floats }
  }
}
