import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishBackbones

/// One backbone, called from many threads at the same time.
@Suite(.serialized) struct ConcurrentBackboneTests {
  private static let threads = 8

  private func picture(_ name: String, side: Int) -> Tensor {
    Tensor(Golden.gauss(name, 3 * side * side), shape: [1, 3, side, side])
  }

  private func maps(_ backbone: any Backbone, _ picture: Tensor) -> [[Float]] {
    withoutGradient {
      let (features, evidence) = backbone.featuresAndEvidence(of: picture)
      return (features + [evidence].compactMap { $0 }).map(\.floats)
    }
  }

  /// Pictures of one size share what is prepared for that size; others replace it while it is in use.
  @Test(arguments: ["embedded", "seeded", "resnet18"], [Precision.float32, .bfloat16])
  func givesEveryThreadTheBitsOfOne(_ name: String, _ precision: Precision) throws {
    let description = try BackboneCatalogue.standard.named(name)
    let build = { () throws -> any Backbone in
      description.builtIn == nil
        ? try description.buildGenerated(precision: precision)
        : try description.build(description.stateDict(from: []), precision: precision)
    }
    let pictures = (0..<Self.threads).map { picture("thread/\($0)", side: $0.isMultiple(of: 2) ? 64 : 96) }
    let alone = try build()
    let expected = onThreadsAtOnce(1, operatorThreads: 1) { _ in pictures.map { maps(alone, $0) } }[0]
    let shared = try build()
    let found = onThreadsAtOnce(Self.threads, operatorThreads: 1) { thread in
      (0..<3).map { _ in maps(shared, pictures[thread]) }
    }
    for (found, expected) in zip(found, expected) {
      for maps in found { #expect(maps == expected) }
    }
  }

  /// A picture judged by a worker, whose operators have one thread, must have the verdict of any other way.
  @Test(arguments: ["embedded", "seeded", "resnet18"], [Precision.float32, .bfloat16])
  func bitsDoNotDependOnTheThreadsOfOperators(_ name: String, _ precision: Precision) throws {
    let description = try BackboneCatalogue.standard.named(name)
    let backbone =
      description.builtIn == nil
      ? try description.buildGenerated(precision: precision)
      : try description.build(description.stateDict(from: []), precision: precision)
    for side in name == "embedded" ? [64, 256] : [64] {
      let picture = picture("operators", side: side)
      let found = [1, 2, 3].map { count in
        onThreadsAtOnce(1, operatorThreads: count) { _ in maps(backbone, picture) }[0]
      }
      #expect(found[1] == found[0] && found[2] == found[0], "\(side)")
    }
  }

  @Test func memoryThatIsGivenBackIsPreparedAgain() throws {
    let description = try BackboneCatalogue.standard.named("embedded")
    let backbone = try description.build(description.stateDict(from: []), precision: .float32)
    let picture = picture("given back", side: 64)
    let expected = onThreadsAtOnce(1, operatorThreads: 1) { _ in maps(backbone, picture) }[0]
    let found = onThreadsAtOnce(Self.threads, operatorThreads: 1) { thread in
      (0..<3).map { _ in
        if thread == 0 { Torch.releaseFreedMemory() }
        return maps(backbone, picture)
      }
    }
    #expect(found.joined().allSatisfy { $0 == expected })
  }
}
