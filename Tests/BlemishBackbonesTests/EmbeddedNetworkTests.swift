import BlemishFiles
import BlemishSupport
import BlemishTorch
import Testing

@testable import BlemishBackbones

/// A unit with its norm beside the convolution: what folding must not change.
private struct UnfoldedUnit: EmbeddedUnit {
  let weight: Tensor
  let norm: [Tensor]
  let stride: Int
  let padding: Int

  init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int) throws {
    weight = try path.constant("weight", [outputs, inputs, kernel, kernel], .constant(0))
    norm = try ["weight", "bias", "running_mean", "running_var"].map {
      try (path / "norm").constant($0, [outputs], .constant(0)).reshape([1, -1, 1, 1])
    }
    self.stride = stride
    padding = kernel / 2
  }

  func callAsFunction(_ x: Tensor, rectifying: Bool, adding: Tensor?) -> Tensor {
    let centred = x.conv2d(weight, stride: stride, padding: padding) - norm[2]
    let y = centred * (norm[3] + 1e-5).rsqrt() * norm[0] + norm[1]
    let sum = adding.map { y + $0 } ?? y
    return rectifying ? sum.relu() : sum
  }

  static func declare(
    _ path: ParameterPath, _ name: String, _ shape: [Int], _ initializer: Initializer
  ) throws -> Tensor {
    try path.constant(name, shape, initializer)
  }
}

@Suite struct EmbeddedNetworkTests {
  static let small = EmbeddedArchitecture(
    widths: [6, 8, 12], blocks: [2, 1], pyramid: 8, evidence: 4)
  /// Of so many channels that its convolutions are done by minimal filtering, which rounds more.
  static let wide = EmbeddedArchitecture(
    widths: [40, 42, 44], blocks: [2, 2], pyramid: 40, evidence: 4)

  private func images(_ count: Int, side: Int, seed: UInt64 = 1) -> Tensor {
    var random = RandomStream(seed: seed)
    return Tensor(
      (0..<count * 3 * side * side).map { _ in Float(random.normal()) }, shape: [count, 3, side, side])
  }

  /// Weights whose norms have seen pictures: running means and variances are not 0 and 1.
  private func weights(_ architecture: EmbeddedArchitecture = Self.small) throws -> [String: StoredTensor] {
    let parameters = Parameters(seed: 3)
    let segmenter = try DefectSegmenter<TrainedUnit>(parameters.root, architecture)
    withoutGradient { for seed in 0..<5 { _ = segmenter(images(4, side: 32, seed: UInt64(seed))) } }
    return parameters.stateDict()
  }

  /// `auto` takes numbers of 16 bits where what they do was measured, and nowhere else.
  @Test func onlyTheEmbeddedBackboneIsReducedUnasked() throws {
    for description in BackboneCatalogue.standard.all {
      let unasked = description.precision(.auto, on: .cpu)
      #expect(unasked == (description.name == "embedded" ? Precision.fastest(on: .cpu) : .float32))
      #expect(description.precision(.float32, on: .cpu) == .float32)
      #expect(description.precision(.bfloat16, on: .cpu) == .bfloat16)
    }
    #expect(Precision.fastest(on: .cpu) == (Torch.hasBFloat16 ? .bfloat16 : .float32))
    let images = Tensor.randn([1, 3, 64, 64])
    let embedded = try BackboneCatalogue.standard.named("embedded")
    let weights = try embedded.stateDict(from: [])
    let unasked = try embedded.build(weights, precision: .auto)
    let asked = try embedded.build(weights, precision: .fastest(on: .cpu))
    #expect(unasked(images).map(\.floats) == asked(images).map(\.floats))
  }

  @Test(arguments: [(small, 1e-5), (wide, 1e-4)])
  func foldingTheNormsChangesNothing(_ architecture: EmbeddedArchitecture, _ tolerance: Double) throws {
    let weights = try weights(architecture)
    let folded = try DefectSegmenter<FrozenUnit>(Parameters(weights).root)
    let unfolded = try DefectSegmenter<UnfoldedUnit>(Parameters(weights).root)
    let x = images(2, side: 64, seed: 9)
    for (one, other) in zip(folded(x), unfolded(x)) {
      #expect(one.shape == other.shape)
      let difference = zip(one.floats, other.floats).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference < Float(tolerance))
    }
  }

  @Test func trainingMovesTheRunningNorms() throws {
    let weights = try weights()
    #expect(weights["stem.norm.running_var"]?.floats().contains { abs($0 - 1) > 0.05 } == true)
    #expect(weights["stem.norm.running_mean"]?.floats().contains { abs($0) > 1e-4 } == true)
  }

  @Test func filesWithoutUseAreErrors() throws {
    let file = WeightFile(tensors: [:])
    let seeded = try BackboneCatalogue.standard.named("seeded")
    #expect(try seeded.stateDict(from: []).isEmpty)
    #expect(throws: BackboneError.takesNoWeights(backbone: "seeded")) { try seeded.stateDict(from: [file]) }
    let embedded = try BackboneCatalogue.standard.named("embedded")
    #expect(throws: BackboneError.takesOneFile(backbone: "embedded", files: 2)) {
      try embedded.stateDict(from: [file, file])
    }
  }

  @Test func theSizesAreThoseOfTheWeights() throws {
    #expect(try EmbeddedArchitecture(of: Parameters(weights()).root) == Self.small)
    #expect(try EmbeddedArchitecture(of: Parameters(seed: 0).root) == .standard)
  }

  @Test(arguments: ["stem.weight", "stages.0.1.second.norm.bias", "laterals.1.bias", "evidence.0.weight"])
  func aMissingTensorIsNamed(_ name: String) throws {
    var weights = try weights()
    weights[name] = nil
    let error = #expect(throws: ParameterError.self) {
      try EmbeddedNetwork<FrozenUnit>(
        Parameters(weights).root, EmbeddedArchitecture(of: Parameters(weights).root))
    }
    #expect(error?.description.contains(name) == true)
  }

  @Test func theBackboneOfTheCatalogueGivesTheMapsThatItPromises() throws {
    let description = try BackboneCatalogue.standard.named("embedded")
    let backbone = try description.build(description.stateDict(from: []))
    #expect(backbone.channels == description.channels && backbone.strides == description.strides)
    let maps = withoutGradient { backbone(images(1, side: 64)) }
    #expect(maps.count == description.channels.count)
    for (map, (channels, stride)) in zip(maps, zip(description.channels, description.strides)) {
      #expect(map.shape == [1, channels, 64 / stride, 64 / stride])
      #expect(!map.requiresGradient)
    }
  }

  @Test func whitensAllMapsOrNone() throws {
    let description = try BackboneCatalogue.standard.named("embedded")
    var weights = try description.stateDict(from: [])
    weights["whitening.0.weight"] = Tensor.zeros([48, 48, 1, 1]).stored
    weights["whitening.0.bias"] = Tensor.zeros([48]).stored
    #expect(throws: BackboneError.incompleteWhitening(maps: 1, needed: 3)) {
      try description.build(weights)
    }
    let small = try self.weights()
    #expect(throws: BackboneError.stages(found: 2, allowed: 3...4)) {
      try EmbeddedBackbone(Parameters(small).root)
    }
  }

  @Test func evidenceIsTheSegmentersAnswerInItsOwnDeviations() throws {
    let description = try BackboneCatalogue.standard.named("embedded")
    var weights = try description.stateDict(from: [])
    let images = images(2, side: 64)
    let unknown = withoutGradient {
      try! EmbeddedBackbone(Parameters(weights).root).featuresAndEvidence(of: images)
    }
    #expect(unknown.evidence == nil && unknown.features.count == EmbeddedBackbone.levels.count)
    weights["whitening.evidence.weight"] = Tensor([Float(2)], shape: [1, 1, 1, 1]).stored
    weights["whitening.evidence.bias"] = Tensor([Float(3)], shape: [1]).stored
    let evidence = withoutGradient {
      try! EmbeddedBackbone(Parameters(weights).root).featuresAndEvidence(of: images).evidence
    }
    let logits = withoutGradient { try! DefectSegmenter<FrozenUnit>(Parameters(weights).root)(images)[0] }
    let expected = (logits * 2 + 3).floats
    #expect(evidence?.shape == [2, 1, 16, 16])
    #expect(zip(evidence?.floats ?? [], expected).allSatisfy { abs($0 - $1) < 1e-4 * max(abs($1), 1) })
  }

  @Test func anotherBackboneSeesWhileTheEmbeddedOneFinds() throws {
    let description = try BackboneCatalogue.standard.named("efficientnet_lite0")
    let declared = Parameters(seed: 0)
    try description.components[0].build(declared.root)
    let own = declared.stateDict()
    var weights = try description.joined(own)
    let images = images(2, side: 64)
    let plain = try description.build(own)
    let alone = withoutGradient { plain(images) }.map(\.floats)
    let mute = try description.build(weights)
    let unknown = withoutGradient { mute.featuresAndEvidence(of: images) }
    #expect(unknown.evidence == nil && unknown.features.map(\.floats) == alone)
    for (name, value) in [("segmenter.whitening.evidence", Float(2)), ("whitening.evidence", 2)] {
      weights[name + ".weight"] = Tensor([value], shape: [1, 1, 1, 1]).stored
      weights[name + ".bias"] = Tensor([value], shape: [1]).stored
    }
    let joined = try description.build(weights)
    #expect(joined.givesEvidence && joined.channels == description.channels)
    let seen = withoutGradient { joined.featuresAndEvidence(of: images) }
    #expect(seen.features.map(\.floats) == alone)
    var embedded = try EmbeddedWeights.stateDict()
    for part in ["weight", "bias"] {
      embedded["whitening.evidence." + part] = weights["whitening.evidence." + part]
    }
    let finding = try EmbeddedBackbone(Parameters(embedded).root)
    let expected = withoutGradient { finding.featuresAndEvidence(of: images) }.evidence
    #expect(seen.evidence != nil && seen.evidence?.floats == expected?.floats)
    let raw = withoutGradient { joined.unwhitened(images) }
    #expect(raw.count == alone.count + 1 && raw[0].floats == alone[0])
  }

  @Test func aCheckpointsOptimiserIsNoPartOfTheBackbone() throws {
    let description = try BackboneCatalogue.standard.named("embedded")
    var tensors = try weights()
    tensors["optimizer.first.stem.weight"] = tensors["stem.weight"]
    let used = try description.stateDict(from: [WeightFile(tensors: tensors)])
    #expect(used.count == tensors.count - 1)
  }
}
