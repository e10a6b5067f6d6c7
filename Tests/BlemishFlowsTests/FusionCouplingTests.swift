import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishFlows

/// The kernel of the fusion flow's coupling beside its definition by operators.
@Suite("Coupling of the fusion flow") struct FusionCouplingTests {
  private let coupling = FusionCoupling(clamp: 1.9)
  private typealias Function = (Tensor, FusionCoupling.Change) -> FusionCoupling.Changed

  private func given(_ name: String, _ shape: [Int], _ scale: Double) -> Tensor {
    (Tensor(Golden.gauss(name, shape.reduce(1, *)), shape: shape) * scale).channelsLast()
  }

  /// Pictures that fill a block of elements, that do not, and that fill several.
  @Test(arguments: [[2, 4, 1, 1], [3, 12, 5, 7], [2, 64, 9, 9]], [ElementType.float32, .bfloat16])
  func kernelIsTheDefinition(_ shape: [Int], _ type: ElementType) throws {
    func results(_ function: Function) -> [[Float]] {
      let x = given("x", shape, 1).requiringGradient()
      let change = (
        a: given("a", shape, 5).to(type).requiringGradient(),
        t: given("t", shape, 1).to(type).requiringGradient()
      )
      let (value, sums) = function(x, change)
      let ofSums = Tensor((0..<shape[0]).map { Float($0) - 0.5 }, shape: [shape[0]])
      let loss = (value * given("value", shape, 1)).sum() + (sums * ofSums).sum()
      loss.backward()
      return [value.floats, sums.floats]
        + [x, change.a, change.t].map { $0.gradient!.to(.float32).floats }
    }
    let (expected, found) = (results(coupling.byOperators), results(coupling.inOnePass))
    for (index, (found, expected)) in zip(found, expected).enumerated() {
      // Gradients of what a reduced network gave are rounded to its type on both sides.
      let tolerance = type == .bfloat16 && index > 2 ? 1e-2 : 1e-5
      expectClose(found, expected, relativeTolerance: tolerance, "result \(index)")
    }
  }

  @Test func onlyGradientsThatAreAskedForAreNeeded() {
    let shape = [1, 8, 3, 3]
    let a = given("a", shape, 1).requiringGradient()
    let (_, sums) = coupling.inOnePass(given("x", shape, 1), (a: a, t: given("t", shape, 1)))
    sums.sum().backward()
    let b = given("a", shape, 1).requiringGradient()
    coupling.byOperators(given("x", shape, 1), (a: b, t: given("t", shape, 1))).sums.sum().backward()
    expectClose(a.gradient!.floats, b.gradient!.floats, relativeTolerance: 1e-5, "a")
  }

  @Test func changesOfAnySizeAreHarmless() {
    let shape = [1, 4, 1, 2]
    for extreme in [1e-30, -1e-30, 1e8, -1e8, Double.infinity, -.infinity] {
      let change = (a: Tensor.full(shape, extreme), t: Tensor.ones(shape))
      let (found, expected) = (
        coupling.inOnePass(.ones(shape), change), coupling.byOperators(.ones(shape), change)
      )
      expectClose(found.value.floats, expected.value.floats, relativeTolerance: 1e-6, "\(extreme)")
      expectClose(found.sums.floats, expected.sums.floats, relativeTolerance: 1e-6, "\(extreme)")
    }
    let lost = coupling.inOnePass(.ones(shape), (a: .full(shape, .nan), t: .ones(shape)))
    #expect(lost.value.floats.allSatisfy(\.isNaN) && lost.sums.floats.allSatisfy(\.isNaN))
  }

  @Test func arcTangentIsThatOfTheLibrary() {
    var largest = 0.0
    for step in -4000...4000 {
      let x = Float(sinh(Double(step) / 400))
      let expected = atan(Double(x))
      let error = abs(Double(atan(Float4(repeating: x))[0]) - expected)
      largest = max(largest, error / max(Double(abs(Float(expected)).ulp), 1e-45))
    }
    #expect(largest < 3, "\(largest) units in the last place")
  }
}
