import Foundation
import GoldenCases
import Synchronization
import Testing

@testable import BlemishTorch

@Suite("Jobs side by side", .serialized) struct WorkersTests {
  private struct Failure: Error, Equatable { let index: Int }

  @Test(arguments: [1, 2, 3, 8])
  func resultsComeInOrder(_ workers: Int) throws {
    var found: [Int] = []
    try withWorkers(100, workers: workers) { index in
      if index.isMultiple(of: 7) { usleep(1000) }
      return index * index
    } inOrder: { index, value in
      #expect(value == index * index)
      found.append(index)
    }
    #expect(found == Array(0..<100))
    #expect(try withWorkers(5, workers: workers) { $0 + 1 } == [1, 2, 3, 4, 5])
    #expect(try withWorkers(0, workers: workers) { $0 }.isEmpty)
  }

  @Test func theirOperatorsHaveOneThread() throws {
    let before = Torch.threads
    let counts = try withWorkers(6, workers: 3) { _ in Torch.threads }
    #expect(counts == Array(repeating: 1, count: 6))
    #expect(Torch.threads == before)
    // Nor do threads that start later begin with one.
    #expect(onThreadsAtOnce(1) { _ in Torch.threads } == [before])
  }

  @Test func bitsAreThoseOfOneWorker() throws {
    let x = Tensor(Golden.gauss("x", 64 * 24 * 24), shape: [1, 64, 24, 24]).channelsLast()
    let weight = Tensor(Golden.gauss("w", 64 * 64 * 9), shape: [64, 64, 3, 3])
    let convolution = FusedConvolution(weight: weight, bias: .zeros([64]), padding: 1)
    func results(_ workers: Int) throws -> [[Float]] {
      try withWorkers(12, workers: workers) { index in
        let y = convolution(x * Double(index + 1), rectifying: true)
        return y.sum([1, 2, 3]).floats + y.floats
      }
    }
    let expected = try results(1)
    for workers in [2, 4] { #expect(try results(workers) == expected) }
  }

  @Test func theFirstFailureInOrderIsThrown() {
    let begun = Atomic(0)
    var handedOn: [Int] = []
    let error = #expect(throws: Failure.self) {
      try withWorkers(1000, workers: 4) { index in
        begun.add(1, ordering: .relaxed)
        if index == 11 { throw Failure(index: index) }
        if index == 10 {
          usleep(5000)
          throw Failure(index: index)
        }
        return index
      } inOrder: { index, _ in
        handedOn.append(index)
      }
    }
    #expect(error == Failure(index: 10))
    #expect(handedOn == Array(0..<10))
    #expect(begun.load(ordering: .relaxed) < 100)
  }

  @Test func operatorsThatFailAreErrors() throws {
    #expect(throws: TorchError.self) {
      try withWorkers(4, workers: 2) { index in (Tensor.zeros([2]) + Tensor.zeros([index + 2])).item }
    }
    #expect(try withWorkers(2, workers: 2) { Tensor.full([2], Double($0)).sum().item } == [0, 2])
  }

  @Test func noMoreIsDoneAheadThanAskedFor() throws {
    let begun = Atomic(0)
    try withWorkers(40, workers: 2, ahead: 3) { index in
      begun.add(1, ordering: .sequentiallyConsistent)
      return index
    } inOrder: { index, _ in
      usleep(500)
      #expect(begun.load(ordering: .sequentiallyConsistent) <= index + 1 + 3)
    }
  }

  @Test func whatHandsOnMayThrow() {
    #expect(throws: Failure.self) {
      try withWorkers(100, workers: 3) {
        $0
      } inOrder: { index, _ in
        if index == 5 { throw Failure(index: index) }
      }
    }
  }

  @Test func aCancelledTaskStops() async {
    let task = Task {
      try withWorkers(100_000, workers: 2) { index in
        usleep(100)
        return index
      } inOrder: { _, _ in
      }
    }
    task.cancel()
    let result = await task.result
    #expect(throws: CancellationError.self) { try result.get() }
  }

  @Test func derivativesAreRecordedWhereTheCallerRecords() throws {
    let x = Tensor.ones([3]).requiringGradient()
    #expect(try withWorkers(2, workers: 2) { _ in (x * 2).requiresGradient } == [true, true])
    let silent = try withoutGradient { try withWorkers(2, workers: 2) { _ in (x * 2).requiresGradient } }
    #expect(silent == [false, false])
  }

  @Test func operationsAreCounted() throws {
    let x = Tensor.ones([8, 8])
    let count = try Torch.countingOperations { _ = try withWorkers(5, workers: 2) { _ in x.matmul(x).item } }
    #expect(count == 5 * 2 * 512)
  }

  /// In a process of its own, since other tests use the processor meanwhile.
  @Test func nobodySpins() async {
    await #expect(processExitsWith: .success) {
      func processorTime() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
      // An operator of the calling thread on all of its threads, which would wait for the next one.
      let x = Tensor.ones([512, 512])
      _ = x.matmul(x).item
      let before = processorTime()
      try withWorkers(8, workers: 2) { _ in
        usleep(50_000)
      } inOrder: { _, _ in
      }
      // A fifth of a second.
      precondition(processorTime() - before < 0.03, "\(processorTime() - before) s")
    }
  }
}
