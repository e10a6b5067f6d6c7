import BlemishFiles
import Foundation
import GoldenCases
import Testing

@testable import BlemishTorch

@Suite("Adam") struct AdamTests {
  private func parameter(_ values: [Float]) -> Tensor {
    Tensor(values, shape: [values.count]).requiringGradient()
  }

  /// Gives a parameter this gradient.
  private func pull(_ tensor: Tensor, _ gradient: [Float]) {
    (tensor * Tensor(gradient, shape: tensor.shape)).sum().backward()
  }

  @Test func takesTheStepsOfThePaper() {
    let tensor = parameter([1, -2])
    let adam = Adam([("x", tensor)], weightDecay: 0.1)
    var expected: [Double] = [1, -2]
    var first: [Double] = [0, 0]
    var second: [Double] = [0, 0]
    for step in 1...5 {
      let gradient: [Float] = [Float(step), -0.5]
      pull(tensor, gradient)
      adam.step(learningRate: 0.01 * Double(step))
      for index in 0..<2 {
        let g = Double(gradient[index]) + 0.1 * expected[index]
        first[index] = 0.9 * first[index] + 0.1 * g
        second[index] = 0.999 * second[index] + 0.001 * g * g
        let m = first[index] / (1 - pow(0.9, Double(step)))
        let v = second[index] / (1 - pow(0.999, Double(step)))
        expected[index] -= 0.01 * Double(step) * m / (v.squareRoot() + 1e-8)
      }
      #expect(tensor.gradient == nil)
    }
    for (value, expected) in zip(tensor.floats, expected) { #expect(abs(Double(value) - expected) < 1e-5) }
  }

  /// Parameters and gradients in any order in memory give what row-major ones give.
  @Test(arguments: [[4, 3, 2], [5, 4, 3, 3]]) func takesAnyOrderInMemory(_ shape: [Int]) {
    let count = shape.reduce(1, *)
    func numbers(_ seed: Int) -> Tensor {
      Tensor((0..<count).map { Float(($0 * 37 + seed) % 101) / 50 - 1 }, shape: shape)
    }
    func channelsLast(_ tensor: Tensor) -> Tensor {
      let channels = shape.count - 3
      let order = shape.indices.filter { $0 != channels } + [channels]
      return tensor.permute(order).contiguous().permute(shape.indices.map { order.firstIndex(of: $0)! })
    }
    func moved(_ change: (Tensor) -> Tensor, pulledBy pull: (Tensor) -> Tensor) -> [Float] {
      let tensor = change(numbers(0)).requiringGradient()
      let adam = Adam([("x", tensor)], weightDecay: 0.1)
      for step in 1...3 {
        (tensor * pull(numbers(step))).sum().backward()
        adam.step(learningRate: 0.1)
      }
      return tensor.floats
    }
    let expected = moved({ $0 }, pulledBy: { $0 })
    #expect(expected != numbers(0).floats)
    for (change, pull) in [(channelsLast, channelsLast), (channelsLast, { $0 }), ({ $0 }, channelsLast)] {
      // What is left over by vectors is rounded otherwise, and is other elements in another order.
      expectClose(moved(change, pulledBy: pull), expected, relativeTolerance: 1e-6)
    }
  }

  @Test func leavesParametersWithoutGradientAlone() {
    let moving = parameter([1])
    let resting = parameter([1])
    let adam = Adam([("a", moving), ("b", resting)], weightDecay: 0.5)
    adam.step(learningRate: 1)
    #expect(moving.floats == [1] && resting.floats == [1])
    pull(moving, [1])
    adam.step(learningRate: 1)
    #expect(moving.floats != [1] && resting.floats == [1])
    #expect(adam.stateDict()["step.b"]?.floats() == [0])
  }

  @Test func goesOnFromItsStateToTheSameBits() throws {
    let whole = parameter([1, 2, 3])
    let adam = Adam([("x", whole)], weightDecay: 0.01)
    var copy: (tensor: Tensor, adam: Adam)?
    for step in 0..<6 {
      if step == 3 {
        let tensor = parameter(whole.floats)
        copy = (tensor, Adam([("x", tensor)], weightDecay: 0.01))
        try copy?.adam.load(adam.stateDict())
      }
      for (tensor, adam) in [(whole, adam)] + (copy.map { [($0.tensor, $0.adam)] } ?? []) {
        pull(tensor, [0.3, -7, Float(step)])
        adam.step(learningRate: 0.1)
      }
    }
    #expect(copy?.tensor.stored.bytes == whole.stored.bytes)
    #expect(copy?.adam.stateDict().mapValues(\.bytes) == adam.stateDict().mapValues(\.bytes))
  }

  @Test func refusesTheStateOfOthers() throws {
    let adam = Adam([("x", parameter([1, 2]))])
    let state = adam.stateDict()
    #expect(state.keys.sorted() == ["first.x", "second.x", "step.x"])
    for name in state.keys {
      var changed = state
      changed[name] = nil
      #expect(throws: ParameterError.missing(name: name)) { try adam.load(changed) }
      changed[name] = StoredTensor(floats: [1, 2, 3], shape: [3])
      #expect(throws: ParameterError.self) { try adam.load(changed) }
      let shape = try #require(state[name]?.shape)
      changed[name] = StoredTensor(floats: [Float](repeating: .nan, count: shape.reduce(1, *)), shape: shape)
      #expect(throws: ParameterError.notFinite(name: name)) { try adam.load(changed) }
    }
  }

  @Test func gradientsAreClippedByTheirJointNorm() {
    let first = parameter([0])
    let second = parameter([0, 0])
    pull(first, [3])
    pull(second, [0, 4])
    #expect(clipGradientNorm([first, second], limit: 10) == 5)
    #expect(first.gradient?.floats == [3] && second.gradient?.floats == [0, 4])
    #expect(clipGradientNorm([first, second], limit: 1) == 5)
    #expect(abs((first.gradient?.item ?? 0) - 0.6) < 1e-5)
    #expect(abs((second.gradient?.floats[1] ?? 0) - 0.8) < 1e-5)
    #expect(clipGradientNorm([parameter([1])], limit: 1) == 0)
    #expect(clipGradientNorm([], limit: 1) == 0)
  }
}
