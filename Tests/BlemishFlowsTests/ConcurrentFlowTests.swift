import BlemishFiles
import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishFlows

/// One flow, called from many threads at the same time.
@Suite(.serialized) struct ConcurrentFlowTests {
  private static let threads = 8

  private func map(_ name: String, _ channels: Int, _ side: Int) -> Tensor {
    Tensor(Golden.gauss(name, channels * side * side), shape: [1, channels, side, side]).channelsLast()
  }

  /// What every thread finds, three times, and what one thread finds alone.
  private func compare(
    alone: @escaping @Sendable (Int) -> [[Float]], atOnce: @escaping @Sendable (Int) -> [[Float]]
  ) {
    let expected = onThreadsAtOnce(1, operatorThreads: 1) { _ in
      (0..<Self.threads).map { thread in withoutGradient { alone(thread) } }
    }[0]
    let found = onThreadsAtOnce(Self.threads, operatorThreads: 1) { thread in
      (0..<3).map { _ in withoutGradient { atOnce(thread) } }
    }
    for (found, expected) in zip(found, expected) {
      for values in found { #expect(values == expected) }
    }
  }

  private func steps(_ type: ElementType) throws -> FlowSteps<ConvolutionSubnet> {
    let parameters = Parameters(seed: 1, productType: type)
    let steps = try (0..<3).map { index in
      let path = parameters.root / index
      return try FlowStep(path, channels: 96, clamp: 2) { inputs, outputs in
        try ConvolutionSubnet(path / "subnet", inputs: inputs, outputs: outputs, kernel: index == 1 ? 1 : 3)
      }
    }
    parameters.stir(by: 0.1)
    return FlowSteps(steps)
  }

  private func values(_ flow: FlowSteps<ConvolutionSubnet>, _ thread: Int) -> [[Float]] {
    let result = flow([map("thread/\(thread)", 96, thread.isMultiple(of: 2) ? 16 : 24)])
    let back = flow.inverse(result.value)
    return [result.value, result.logDeterminant, back.value].map(\.floats)
  }

  private func fusion(_ type: ElementType) throws -> FusionFlow {
    let parameters = Parameters(seed: 2, productType: type)
    let flow = try FusionFlow(parameters.root, channels: [48, 64], clamp: 1.9)
    parameters.stir(by: 0.1)
    return flow
  }

  private func values(_ flow: FusionFlow, _ thread: Int) -> [[Float]] {
    let (values, logDeterminant) = flow([map("fine/\(thread)", 48, 16), map("coarse/\(thread)", 64, 8)])
    return (values + [logDeterminant]).map(\.floats)
  }

  @Test(arguments: [ElementType.float32, .bfloat16])
  func stepsGiveEveryThreadTheBitsOfOne(_ type: ElementType) throws {
    let (alone, shared) = (try steps(type), try steps(type))
    compare(alone: { values(alone, $0) }, atOnce: { values(shared, $0) })
  }

  @Test(arguments: [ElementType.float32, .bfloat16])
  func fusionGivesEveryThreadTheBitsOfOne(_ type: ElementType) throws {
    let (alone, shared) = (try fusion(type), try fusion(type))
    compare(alone: { values(alone, $0) }, atOnce: { values(shared, $0) })
  }
  /// A picture judged by a worker, whose operators have one thread, must have the verdict of any other way.
  @Test(arguments: [ElementType.float32, .bfloat16])
  func bitsDoNotDependOnTheThreadsOfOperators(_ type: ElementType) throws {
    let (steps, fusion) = (try steps(type), try fusion(type))
    let found = [1, 2, 3].map { count in
      onThreadsAtOnce(1, operatorThreads: count) { _ in
        withoutGradient { values(steps, 1) + values(fusion, 1) }
      }[0]
    }
    #expect(found[1] == found[0] && found[2] == found[0])
  }
}
