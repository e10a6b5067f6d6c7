import GoldenCases
import Testing

@testable import BlemishTorch

@Suite("Operators that fail") struct TorchErrorTests {
  private let two = Tensor([Float(1), 2], shape: [2])
  private let three = Tensor([Float(1), 2, 3], shape: [3])

  @Test func throwTheirMessageBehindTheScope() {
    let error = #expect(throws: TorchError.self) { try withTorchErrors { two + three } }
    #expect(
      error?.description.contains("must match the size of tensor b (3)") == true,
      "\(error?.description ?? "")"
    )
    #expect(error?.description.contains("\n#0") == false)
  }

  @Test func letTheOperatorsThatFollowDoNothing() {
    var reached = false
    var later = [Float(1)]
    let error = #expect(throws: TorchError.self) {
      try withTorchErrors {
        let sum = two + three
        let product = (sum * sum).reshape([7, 7]).exp().split([1, 1], along: 0)[1]
        later = product.floats
        #expect(product.item.isNaN && product.shape.isEmpty && product.size(0) == 0 && !product.isFinite)
        #expect(product.gradient == nil && !product.requiresGradient)
        product.backward()
        product.clearGradient()
        product.requiringGradient().add_(two)
        reached = true
      }
    }
    #expect(reached && later.isEmpty)
    // The first failure is the one that is told.
    #expect(error?.description.contains("must match the size of tensor b (3)") == true)
  }

  @Test func areToldBeforeWhatTheBodyThrowsBecauseOfThem() {
    struct Failure: Error {}
    #expect(throws: TorchError.self) {
      try withTorchErrors {
        if !(two + three).item.isFinite { throw Failure() }
      }
    }
    #expect(throws: Failure.self) { try withTorchErrors { throw Failure() } }
  }

  @Test func leaveOuterScopesAndLaterOnesAlone() throws {
    let sum = try withTorchErrors {
      #expect(throws: TorchError.self) { try withTorchErrors { two + three } }
      return two + two
    }
    #expect(sum.floats == [2, 4])
    #expect(try withTorchErrors { two * 3 }.floats == [3, 6])
  }

  @Test func areOfManyKinds() {
    let x = two
    let bodies: [() -> Void] = [
      { _ = call("aten::no_such_operator", x) }, { _ = call("aten::add.NoSuchOverload", x, x) },
      { _ = call("aten::add.Tensor", x) }, { _ = call("aten::relu", x, 1, 2, 3) },
      { _ = call("aten::relu", "text") },
      { _ = call("aten::relu") }, { _ = x.narrow(0, from: 1, length: 9) }, { _ = x.select(5, 0) },
      { _ = x.conv2d(x) }, { _ = x.permute([0, 0]) }, { x.backward() }, { _ = Tensor.cat([], along: 0) },
      { _ = Tensor.zeros([-1]) }, { _ = Tensor.zeros([1 << 40, 1 << 40]) }, { _ = Tensor.zeros([1 << 50]) },
      { _ = Tensor([Int64(1)], shape: [1]).requiringGradient() },
      // Tensors without an address.
      { withMemory(of: [call("aten::to_mkldnn", x)]) {} }, { withMemory(of: [.undefined]) {} },
      { _ = x.split([9], along: 0) }, { _ = x.indexSelect(0, Tensor([Int64(5)], shape: [1])) },
    ]
    for (index, body) in bodies.enumerated() {
      #expect(throws: TorchError.self, "\(index)") { try withTorchErrors { body() } }
    }
  }

  /// A scope belongs to the thread or task that opened it.
  private static func outcome(_ index: Int) -> String {
    do {
      let sum = try withTorchErrors {
        Tensor.ones([2]) + Tensor.ones([index.isMultiple(of: 2) ? 2 : index + 2])
      }
      return "\(sum.floats)"
    } catch {
      return "\(error)".contains("tensor b (\(index + 2))") ? "\(index)" : "\(error)"
    }
  }

  @Test func stayOnTheirThread() {
    let found = onThreadsAtOnce(8) { thread in (0..<50).map { _ in Self.outcome(thread) } }
    for (thread, outcomes) in found.enumerated() {
      let expected = thread.isMultiple(of: 2) ? "[2.0, 2.0]" : "\(thread)"
      #expect(outcomes.allSatisfy { $0 == expected }, "\(outcomes)")
    }
  }

  @Test func stayInTheirTask() async {
    await withTaskGroup(of: (Int, String).self) { group in
      for index in 0..<64 {
        group.addTask {
          await Task.yield()
          return (index, Self.outcome(index))
        }
      }
      for await (index, outcome) in group {
        #expect(outcome == (index.isMultiple(of: 2) ? "[2.0, 2.0]" : "\(index)"))
      }
    }
  }

  @Test func trapWithTheirMessageOutsideAScope() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]) + Tensor.ones([3])
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("must match the size of tensor b (3)"))
  }
}
