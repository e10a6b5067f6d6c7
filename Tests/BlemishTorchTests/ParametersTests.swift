import BlemishFiles
import Testing

@testable import BlemishTorch

@Suite("Parameters") struct ParametersTests {
  /// Declares what a small layer would.
  private func declare(_ parameters: Parameters) throws -> [Int] {
    let path = parameters.root / "blocks" / 3 / "attn"
    _ = try path.parameter("weight", [2, 3], .uniform(bound: 0.5))
    _ = try path.constant("offset", [2], .normal(standardDeviation: 1))
    return try path.permutation("order", 5)
  }

  private func source() throws -> [String: StoredTensor] {
    let fresh = Parameters(seed: 1)
    _ = try declare(fresh)
    return fresh.stateDict()
  }

  @Test func areNamedByTheirPath() throws {
    let parameters = Parameters(seed: 1)
    let order = try declare(parameters)
    #expect(
      parameters.all.keys.sorted() == ["blocks.3.attn.offset", "blocks.3.attn.order", "blocks.3.attn.weight"]
    )
    #expect(parameters.trainable.map(\.name) == ["blocks.3.attn.weight"])
    #expect(parameters.trainable.allSatisfy { $0.tensor.requiresGradient })
    #expect(parameters.all["blocks.3.attn.offset"]?.requiresGradient == false)
    #expect(order.sorted() == [0, 1, 2, 3, 4])
    #expect(parameters.all["blocks.3.attn.weight"]?.floats.allSatisfy { abs($0) <= 0.5 } == true)
  }

  @Test func ofOneSeedAreTheSameAndOfAnotherAreNot() throws {
    let first = try source()["blocks.3.attn.weight"]
    let other = Parameters(seed: 2)
    _ = try declare(other)
    #expect(first?.bytes == (try source()["blocks.3.attn.weight"]?.bytes))
    #expect(first?.bytes != other.stateDict()["blocks.3.attn.weight"]?.bytes)
  }

  @Test func comeBackFromAStateDict() throws {
    let source = try source()
    let read = Parameters(source)
    _ = try declare(read)
    try read.requireNothingLeftOver()
    for (name, tensor) in source { #expect(read.stateDict()[name]?.bytes == tensor.bytes) }
  }

  @Test func ofOtherElementTypesAreConverted() throws {
    var source = try source()
    let name = "blocks.3.attn.weight"
    let tensor = try #require(source[name])
    source[name] = StoredTensor(doubles: tensor.doubles(), shape: tensor.shape)
    let read = Parameters(source)
    _ = try declare(read)
    #expect(read.all[name]?.elementType == .float32)
    #expect(read.all[name]?.floats == tensor.floats())
  }

  private func refused(_ change: (inout [String: StoredTensor]) -> Void) throws -> ParameterError? {
    var source = try source()
    change(&source)
    return #expect(throws: ParameterError.self) {
      let parameters = Parameters(source)
      _ = try declare(parameters)
      try parameters.requireNothingLeftOver()
    }
  }

  @Test func thatAreMissingMisshapenOrNoNumbersAreErrorsThatNameThem() throws {
    let weight = "blocks.3.attn.weight"
    #expect(try refused { $0[weight] = nil } == .missing(name: weight))
    #expect(
      try refused { $0[weight] = StoredTensor(floats: [1, 2, 3, 4, 5, 6], shape: [3, 2]) }
        == .shape(name: weight, expected: [2, 3], found: [3, 2])
    )
    for number in [Float.nan, .infinity, -.infinity] {
      #expect(
        try refused { $0[weight] = StoredTensor(floats: [1, 2, 3, 4, number, 6], shape: [2, 3]) }
          == .notFinite(name: weight)
      )
    }
    // Beyond single precision.
    #expect(
      try refused { $0[weight] = StoredTensor(doubles: [1, 2, 3, 4, 1e300, 6], shape: [2, 3]) }
        == .notFinite(name: weight)
    )
    #expect(try refused { $0["extra"] = StoredTensor(floats: [], shape: [0]) } == .leftOver(names: ["extra"]))
    for error in [
      ParameterError.missing(name: weight), .notFinite(name: weight),
      .shape(name: weight, expected: [1], found: []),
      .notPermutation(name: weight), .leftOver(names: [weight]),
    ] { #expect(error.description.contains(weight)) }
  }

  @Test(arguments: [[0, 1, 2, 3, 3], [0, 1, 2, 3, 5], [-1, 0, 1, 2, 3], [.min, 1, 2, 3, .max]])
  func permutationsThatAreNoneAreAnError(_ order: [Int64]) throws {
    let name = "blocks.3.attn.order"
    #expect(try refused { $0[name] = StoredTensor(int64s: order, shape: [5]) } == .notPermutation(name: name))
  }

  @Test func manyThatAreLeftOverAreNotAllListed() {
    let names = (0..<1000).map { "tensor\($0)" }
    #expect(ParameterError.leftOver(names: names).description.count < 200)
  }
}
