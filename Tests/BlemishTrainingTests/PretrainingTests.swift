import BlemishBackbones
import BlemishDatasets
import BlemishFiles
import BlemishFlows
import BlemishSupport
import BlemishSynthesis
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishTraining

@Suite(.serialized) struct PretrainingTests {
  /// A run of six small steps.
  static var small: PretrainingConfiguration {
    var configuration = PretrainingConfiguration.standard
    configuration.network = EmbeddedArchitecture(
      widths: [4, 6, 8, 8], blocks: [1, 1, 1], pyramid: 6, evidence: 4)
    configuration.training.steps = 6
    configuration.training.batch = 3
    configuration.training.warmUp = 2
    configuration.precision = .float32
    configuration.side = 32
    configuration.validation.pictures = 5
    return configuration
  }

  private func bytes(_ path: String) throws -> [String: Data] {
    try SafeTensors.read(path).tensors.mapValues { Data($0.bytes) }
  }

  @Test(arguments: [Precision.float32, .bfloat16])
  func goesOnToTheSameBitsWithAnyNumberOfThreads(_ precision: Precision) async throws {
    var small = Self.small
    small.precision = precision
    try await withFolder { [small] folder in
      let (whole, parts) = (folder + "/whole.safetensors", folder + "/parts.safetensors")
      let record = try PretrainingSession(small, output: whole, device: .cpu)
        .run(threads: 1, report: { _ in })
      #expect(record?.steps == 6 && record?.pictures == 18)
      #expect(record?.validationLoss.isFinite == true && record?.validationDice.isFinite == true)

      let stopped = try await interrupted { cancel in
        try PretrainingSession(small, output: parts, device: .cpu)
          .run(threads: 3) { if $0.progress.step == 4 { cancel() } }
      }
      #expect(stopped == nil)
      #expect(!FileManager.default.fileExists(atPath: parts))
      let error = #expect(throws: TrainingError.self) {
        try PretrainingSession(small, output: parts, device: .cpu)
      }
      guard case .unfinished(PretrainingSession.checkpointPath(parts))? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      let resumed = try PretrainingSession(resuming: parts, small, device: .cpu)
        .run(threads: 2, report: { _ in })
      #expect(resumed?.steps == 6)
      #expect(try bytes(parts) == bytes(whole))
      #expect(!FileManager.default.fileExists(atPath: PretrainingSession.checkpointPath(parts)))

      let json = try Data(contentsOf: URL(fileURLWithPath: folder + "/whole.json"))
      #expect(try JSONDecoder().decode(PretrainingRecord.self, from: json) == record)
      let metadata = try SafeTensors.read(whole).metadata[PretrainingRecord.metadataKey] ?? ""
      #expect(try JSONDecoder().decode(PretrainingRecord.self, from: Data(metadata.utf8)) == record)
    }
  }

  /// The halves of a batch give the same, side by side or one after the other, and are halves of the whole.
  @Test func halvesOfABatchAreLearntFromSideBySide() throws {
    var configuration = Self.small
    configuration.training.batch = 4
    let threads = Torch.threads
    defer { Torch.threads = threads }
    let weights = try [1, 2, 2].map { threads in
      Torch.threads = threads
      return try withFolder { folder in
        let path = folder + "/weights.safetensors"
        let record = try PretrainingSession(configuration, output: path, device: .cpu)
          .run(report: { _ in })
        #expect(record?.pictures == 24)
        return try bytes(path)
      }
    }
    #expect(weights[0] == weights[1] && weights[1] == weights[2])
  }

  @Test func beginsWithTheWeightsOfAnEarlierRunAndRecordsIt() async throws {
    try await withFolder { folder in
      let (first, second) = (folder + "/first.safetensors", folder + "/second.safetensors")
      let record = try PretrainingSession(Self.small, output: first, device: .cpu)
        .run(report: { _ in })
      #expect(record?.earlier == nil)
      var next = Self.small
      func complaint() -> String {
        do {
          _ = try PretrainingSession(next, startingFrom: first, output: second, device: .cpu)
          return ""
        } catch {
          return "\(error)"
        }
      }
      #expect(complaint().contains("the same pictures again"))
      next.seed = 5
      next.validation.seed = 0
      #expect(complaint().contains("another validation.seed"))
      next.validation.seed = 5
      #expect(complaint().contains("would be the same"))
      next.validation.seed = 1
      next.network.evidence = 5
      #expect(complaint().contains("other sizes"))
      next.network = Self.small.network

      // A rate of next to nothing leaves the weights where they began.
      next.training.learningRate = 1e-12
      next.training.weightDecay = 0
      _ = try await interrupted { [next] cancel in
        try PretrainingSession(next, startingFrom: first, output: second, device: .cpu)
          .run { if $0.progress.step == 2 { cancel() } }
      }
      let resumed = try PretrainingSession(resuming: second, next, device: .cpu)
        .run(report: { _ in })
      #expect(resumed?.earlier == [try #require(record)])
      #expect(resumed?.configuration == next)
      let (before, after) = try (bytes(first), bytes(second))
      #expect(before["stem.weight"] != nil && before["stem.weight"] == after["stem.weight"])

      // A third run names both.
      let third = folder + "/third.safetensors"
      next.seed = 6
      let last = try PretrainingSession(next, startingFrom: second, output: third, device: .cpu)
        .run(report: { _ in })
      #expect(last?.earlier?.map(\.configuration.seed) == [0, 5])
      #expect(last?.earlier?.allSatisfy { $0.earlier == nil } == true)

      // What has no record was not made here.
      try SafeTensors.write(WeightFile(tensors: SafeTensors.read(first).tensors, metadata: [:]), to: first)
      #expect(complaint().contains("no record"))
    }
  }

  @Test func theRecordDoesNotReplaceTheWeights() throws {
    try withFolder { folder in
      let error = #expect(throws: PretrainingError.self) {
        try PretrainingSession(Self.small, output: folder + "/weights.json", device: .cpu)
      }
      #expect(error?.description.contains("weights.json") == true)
    }
  }

  @Test func writesWeightsOf16BitsThatTheBackboneTakes() throws {
    try withFolder { folder in
      let path = folder + "/weights.safetensors"
      _ = try PretrainingSession(Self.small, output: path, device: .cpu)
        .run(report: { _ in })
      let file = try SafeTensors.read(path)
      #expect(file.tensors["stem.weight"]?.elementType == .float16)
      let description = try BackboneCatalogue.standard.named("embedded")
      let backbone = try description.build(description.stateDict(from: [file]))
      #expect(backbone.channels == [6, 6, 6] && backbone.strides == [4, 8, 16])
    }
  }

  @Test func weightsOfTooFewStagesAreAnError() throws {
    let parameters = Parameters(seed: 0)
    _ = try DefectSegmenter<TrainedUnit>(
      parameters.root, EmbeddedArchitecture(widths: [4, 6, 8], blocks: [1, 1], pyramid: 6, evidence: 4))
    let description = try BackboneCatalogue.standard.named("embedded")
    let error = #expect(throws: BackboneError.self) { try description.build(parameters.stateDict()) }
    #expect(error?.description.contains("2 stages") == true)
  }

  @Test func aCheckpointThatIsDamagedOrOfAnotherRunIsAnErrorThatNamesIt() async throws {
    try await withFolder { folder in
      let output = folder + "/weights.safetensors"
      let checkpoint = PretrainingSession.checkpointPath(output)
      func complaint(_ configuration: PretrainingConfiguration? = nil) -> String {
        do {
          _ = try PretrainingSession(resuming: output, configuration, device: .cpu)
          return ""
        } catch {
          return "\(error)"
        }
      }
      #expect(complaint().contains("does not exist"))
      _ = try await interrupted { cancel in
        cancel()
        return try PretrainingSession(Self.small, output: output, device: .cpu).run(report: { _ in })
      }
      var other = Self.small
      other.seed = 1
      #expect(complaint(other).contains("another configuration"))
      let whole = try SafeTensors.read(checkpoint)
      for name in ["stem.weight", "optimizer.second.heads.0.bias", "optimizer.step.stem.weight"] {
        var file = whole
        file.tensors[name] = nil
        try SafeTensors.write(file, to: checkpoint)
        #expect(complaint().contains(checkpoint))
        file.tensors[name] = StoredTensor(floats: [.nan], shape: [1])
        try SafeTensors.write(file, to: checkpoint)
        #expect(complaint().contains(checkpoint))
      }
      var file = whole
      file.metadata = file.metadata.mapValues {
        $0.replacingOccurrences(of: "\"step\":1", with: "\"step\":-1")
      }
      try SafeTensors.write(file, to: checkpoint)
      #expect(complaint().contains("step -1"))
      file.metadata = [:]
      try SafeTensors.write(file, to: checkpoint)
      #expect(complaint().contains("not a checkpoint"))
      try Data("nothing".utf8).write(to: URL(fileURLWithPath: checkpoint))
      #expect(complaint().contains(checkpoint))
    }
  }

  @Test func divergenceIsAnErrorThatSaysSo() throws {
    try withFolder { folder in
      var configuration = Self.small
      configuration.training.learningRate = 1e5
      configuration.training.warmUp = 0
      configuration.training.steps = 60
      let session = try PretrainingSession(configuration, output: folder + "/w.safetensors", device: .cpu)
      // Batch norm keeps even such a network finite for a while: a weight that is none ends it at once.
      let error = #expect(throws: SegmenterDiverged.self) {
        try session.run(report: { _ in session.spoil() })
      }
      #expect(error?.description.contains("diverged") == true)
    }
  }

  /// One batch again and again.
  private struct OneBatch: LabelledPictureSource {
    let source = GeneratedDefects(
      pictures: .standard, defects: .standard, side: 32, seed: 3)
    var height: Int { 32 }
    var width: Int { 32 }
    func sample(_ index: Int) -> LabelledPicture { source.sample(index % 4) }
  }

  /// Two pictures of 16 x 32 cells, whose verdict is that of two cells each.
  @Test func wholePicturesAreJudgedByTheirHighestCells() throws {
    var cells = [Float](repeating: -5, count: 2 * 16 * 32)
    for (cell, logit) in [(3, 2), (500, 1), (7, 0.5), (512, -1), (600, -2)] as [(Int, Float)] {
      cells[cell] = logit
    }
    var shares = [Float](repeating: 0, count: 2 * 16 * 32)
    shares[40] = 1 / 16
    let (logits, targets) = (
      Tensor(cells, shape: [2, 1, 16, 32]).requiringGradient(), Tensor(shares, shape: [2, 1, 16, 32])
    )
    func loss(_ weight: Double) -> Tensor {
      var schedule = PretrainingConfiguration.standard.training
      schedule.pictureWeight = weight
      return SegmenterTrainer.loss([logits], targets, positiveWeight: .full([], 2), schedule: schedule).loss
    }
    let ofPictures = loss(3) - loss(0)
    // The first picture has a defect, which counts half, and a logit of 1.5; the second has none and -1.5.
    let expected = 3 * (0.5 * log(1 + exp(-1.5)) + log(1 + exp(-1.5))) / 2
    #expect(abs(ofPictures.item - expected) < 1e-5)
    ofPictures.backward()
    let moved = logits.gradient!.floats.enumerated().filter { abs($1) > 1e-6 }.map(\.offset)
    #expect(moved == [3, 500, 512, 600])
  }

  @Test(arguments: [ElementType.float32, .bfloat16]) func learnsOneBatchByHeart(products: ElementType) throws
  {
    var schedule = Self.small.training
    schedule.steps = 40
    schedule.batch = 4
    schedule.learningRate = 1e-2
    let trainer = try SegmenterTrainer(
      parameters: Parameters(seed: 1, productType: products), architecture: Self.small.network,
      source: OneBatch(), schedule: schedule)
    var losses: [Double] = []
    _ = try trainer.run(report: { losses.append($0.progress.loss) })
    let (first, last) = (losses[0], 0.0 + trainer.progress.loss)
    #expect(last < 0.8 * first, "from \(first) to \(last)")
  }

  @Test(arguments: [1, 2]) func refusesNormsOfASingleValue(batch: Int) throws {
    var configuration = Self.small
    configuration.training.batch = batch
    configuration.side = configuration.network.strides.last ?? 0
    let source = GeneratedDefects(
      pictures: configuration.pictures, defects: configuration.defects, side: configuration.side, seed: 1)
    func trainer() throws -> SegmenterTrainer {
      try SegmenterTrainer(
        parameters: Parameters(seed: 1), architecture: configuration.network, source: source,
        schedule: configuration.training)
    }
    #expect(throws: PretrainingError.self) { try trainer() }
    configuration.training.batch = 3
    _ = try trainer()
  }
}

extension PretrainingSession {
  /// Makes a weight no number.
  fileprivate func spoil() {
    for (name, tensor) in trainer.parameters.trainable where name == "stem.weight" {
      _ = withoutGradient { tensor.mul_(.nan) }
    }
  }
}

@Suite struct PretrainingConfigurationTests {
  private static let recipe = path("embedded.yaml")

  private static func path(_ recipe: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("recipes/\(recipe)").path
  }

  @Test func theRecipeIsTheStandardOne() throws {
    #expect(try PretrainingConfiguration(contentsOf: Self.recipe) == .standard)
  }

  @Test func theRecipesAreThoseOfTheEmbeddedWeights() throws {
    let file = try #require(try EmbeddedWeights.file())
    let json = try #require(file.metadata[PretrainingRecord.metadataKey])
    let record = try JSONDecoder().decode(PretrainingRecord.self, from: Data(json.utf8))
    #expect(record.earlier?.map(\.configuration) == [.standard])
    #expect(
      try record.configuration
        == PretrainingConfiguration(contentsOf: Self.path("embedded-continued.yaml")))
  }

  @Test(arguments: [
    ("seed: 0", "sead: 0", "sead is unknown"), ("seed: 0\n", "", "seed is missing"),
    ("  batch: 16", "  batch: 0", "training.batch"), ("  batch: 16", "  batch: many", "training.batch"),
    ("  batch: 16", "  batch: 16\n  bach: 1", "training.bach is unknown"),
    ("precision: bfloat16", "precision: auto", "precision must be float32 or bfloat16"),
    ("precision: bfloat16", "precision: half", "precision"),
    ("side: 128", "side: 100", "side must be a multiple"), ("  grey: 0.5", "  grey: 1.5", "pictures.grey"),
    ("    waves: 0.2", "    waves: -1", "pictures.textures"),
    ("    tone: 0.07", "    tune: 0.07", "defects.kinds.tune is unknown"),
    ("{low: 0.002, high: 0.03}", "{low: 0.1, high: 0.03}", "pictures.sensorNoise"),
    ("  learningRate: 0.002", "  learningRate: -1", "training.learningRate"),
    ("  learningRate: 0.002", "  learningRate: .nan", "training.learningRate"),
    ("  learningRate: 0.002", "  learningRate: [1]", "training.learningRate"),
    ("widths: [24, 48, 96, 160, 192]", "widths: [24]", "network.widths"),
    ("widths: [24, 48, 96, 160, 192]", "widths: 5", "network.widths"),
    ("blocks: [1, 2, 2, 1]", "blocks: [1, 2]", "network.blocks"),
    ("blocks: [1, 2, 2, 1]", "blocks: [1, 2, 0, 1]", "network.blocks"),
    ("  pictures: 256", "  pictures: 0", "validation.pictures"),
    ("validation:", "validation: &a", "&"),
  ])
  func whatIsWrongIsNamed(_ right: String, _ wrong: String, _ complaint: String) throws {
    let text = try String(contentsOfFile: Self.recipe, encoding: .utf8)
    try #require(text.contains(right))
    let changed = text.replacingOccurrences(of: right, with: wrong)
    let error = #expect(throws: PretrainingError.self) {
      try PretrainingConfiguration(yaml: Data(changed.utf8))
    }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: ["", "5", "[1, 2]", "{", "\u{0}"]) func whatIsNoConfigurationIsAnError(_ text: String) {
    #expect(throws: PretrainingError.self) { try PretrainingConfiguration(yaml: Data(text.utf8)) }
  }
}
