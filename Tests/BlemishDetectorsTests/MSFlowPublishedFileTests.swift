import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishCore
@testable import BlemishDetectors

@Suite(
  "Files of the published MSFlow",
  .enabled(if: Golden.path("msflow/small.pt") != nil, "the recorded cases are without msflow/small.pt")
) struct MSFlowPublishedFileTests {
  /// The checkpoint that accompanies the case `msflow/small`, as the published trainer writes it.
  static func checkpoint() throws -> [String: StoredTensor] {
    try WeightFile(readingAny: try #require(Golden.path("msflow/small.pt"))).tensors
  }

  @Test func checkpointGivesTheRecordedLatents() throws {
    let golden = try #require(Golden.case("msflow/small"))
    let recorded = try RecordedMSFlow(
      golden,
      stateDict: PublishedMSFlow.stateDict(fromPublished: Self.checkpoint())
    )
    let latents = withoutGradient { recorded.flow }(try RecordedMSFlow.inputs(golden))
    for (index, z) in latents.z.enumerated() { try golden.expectClose(z.floats, "z\(index + 1)") }
    try golden.expectClose(latents.logDeterminant.floats, "ljd")
  }

  @Test func whatWasImportedExportsAndImportsToTheSameBits() throws {
    let imported = try PublishedMSFlow.stateDict(fromPublished: Self.checkpoint())
    let exported = try PublishedMSFlow.published(fromStateDict: imported)
    expectSame(try PublishedMSFlow.stateDict(fromPublished: exported), imported)
  }

  @Test func exportHasThePublishedNamesShapesAndTypes() throws {
    let checkpoint = try Self.checkpoint()
    let exported = try PublishedMSFlow.published(
      fromStateDict: PublishedMSFlow.stateDict(fromPublished: checkpoint)
    )
    #expect(Set(exported.keys) == Set(checkpoint.keys.filter { $0.contains("module_list") }))
    for (name, tensor) in exported where !name.contains(".perm") {
      let original = try #require(checkpoint[name])
      #expect(tensor.shape == original.shape, "\(name)")
      #expect(tensor.elementType == original.elementType, "\(name)")
      #expect(tensor.bytes == original.bytes, "\(name)")
    }
    for scale in 0..<3 {
      let sources = try #require(exported["fusion_flow.module_list.\(scale).perm"]).int64s()
      let destinations = try #require(exported["fusion_flow.module_list.\(scale).perm_inv"]).int64s()
      #expect(sources.map { destinations[Int($0)] } == Array(0..<Int64(sources.count)))
    }
  }

  @Test func fusionPermutationsFindTheirScaleByLengthUnderAnyIndex() throws {
    let checkpoint = try Self.checkpoint()
    let imported = try PublishedMSFlow.stateDict(fromPublished: checkpoint)
    for order in [[0, 1, 2], [1, 2, 0], [2, 1, 0]] {
      var shuffled = checkpoint
      for (index, other) in order.enumerated() {
        for kind in ["perm", "perm_inv"] {
          shuffled["fusion_flow.module_list.\(index).\(kind)"] =
            checkpoint["fusion_flow.module_list.\(other).\(kind)"]
        }
      }
      expectSame(try PublishedMSFlow.stateDict(fromPublished: shuffled), imported)
    }
  }

  @Test func scalesOfEqualWidthKeepTheirPermutations() throws {
    let features = [16, 8, 16].enumerated().map {
      FeatureShape(channels: $1, height: 16 >> $0, width: 16 >> $0)
    }
    let parameters = Parameters(seed: 7)
    _ = try MSFlow(
      parameters.root,
      features: FeatureDescription(shapes: features, strides: [4, 8, 16]),
      configuration: .init(parallelBlocks: [1, 0, 1], conditionChannels: 4)
    )
    let own = parameters.stateDict()
    #expect(
      own["fusion_flow.module_list.0.permutation"]?.bytes
        != own["fusion_flow.module_list.2.permutation"]?.bytes
    )
    let published = try PublishedMSFlow.published(fromStateDict: own)
    expectSame(try PublishedMSFlow.stateDict(fromPublished: published), own)
  }

  @Test(arguments: [
    StoredTensor(int64s: [0, 1, 1, 3, 4, 5, 6, 7], shape: [8]),
    StoredTensor(int64s: [0, 1, 2, 3, 4, 5, 6, 8], shape: [8]),
    StoredTensor(int64s: [-1, 1, 2, 3, 4, 5, 6, 7], shape: [8]),
    StoredTensor(floats: [0, 1, 2, 3, 4, 5, 6, 7], shape: [8]),
    StoredTensor(int64s: [0, 1, 2, 3, 4, 5, 6, 7], shape: [2, 4]),
  ]) func whatIsNoPermutationIsRefused(_ tensor: StoredTensor) throws {
    var checkpoint = try Self.checkpoint()
    checkpoint["fusion_flow.module_list.2.perm"] = tensor
    #expect(throws: ParameterError.notPermutation(name: "fusion_flow.module_list.2.perm")) {
      try PublishedMSFlow.stateDict(fromPublished: checkpoint)
    }
  }

  @Test func missingAndSurplusPermutationsAreNamed() throws {
    let golden = try #require(Golden.case("msflow/small"))
    var checkpoint = try Self.checkpoint()
    checkpoint["fusion_flow.module_list.2.perm"] = nil
    #expect(throws: ParameterError.missing(name: "fusion_flow.module_list.0.permutation")) {
      try RecordedMSFlow(golden, stateDict: PublishedMSFlow.stateDict(fromPublished: checkpoint))
    }
    checkpoint = try Self.checkpoint()
    checkpoint["fusion_flow.module_list.9.perm"] = StoredTensor(int64s: [1, 0], shape: [2])
    #expect(throws: ParameterError.leftOver(names: ["fusion_flow.module_list.9.perm"])) {
      try RecordedMSFlow(golden, stateDict: PublishedMSFlow.stateDict(fromPublished: checkpoint))
    }
  }

  private func expectSame(_ actual: [String: StoredTensor], _ expected: [String: StoredTensor]) {
    #expect(Set(actual.keys) == Set(expected.keys))
    for (name, tensor) in expected {
      #expect(actual[name]?.shape == tensor.shape, "\(name)")
      #expect(actual[name]?.elementType == tensor.elementType, "\(name)")
      #expect(actual[name]?.bytes == tensor.bytes, "\(name)")
    }
  }
}
