import Backbones
import Datasets
import Foundation
import Testing
import Torch

@testable import Blemish

@Suite(.serialized) struct AdaptationTests {
  private let pictures: TrainingPictures

  init() throws { pictures = try TrainingPictures(count: 14) }

  /// A training of one epoch after four small steps of tuning.
  private static func options(steps: Int = 4) -> TrainingOptions {
    var options = TrainingPictures.options()
    options.backbone = "embedded"
    options.schedule?.epochs = 1
    options.schedule?.batch = 5
    options.heldOut = 0.3
    options.adaptation.minutes = nil
    options.adaptation.schedule.steps = steps
    // Four crops of 32 x 32 a step.
    options.adaptation.pixels = 4 * 32 * 32
    options.adaptation.longestSide = 32
    return options
  }

  private func record(_ name: String) throws -> AdaptationRecord {
    try #require(Model.configuration(ofFile: path(name)).training?.adaptation)
  }

  private func path(_ name: String) -> String { "\(pictures.folder)/\(name)" }

  private func tensors(_ name: String) throws -> [String: Data] {
    try SafeTensors.read(path(name)).tensors.mapValues { Data($0.bytes) }
  }

  private func initial() throws -> [String: StoredTensor] { try EmbeddedWeights.stateDict() }

  @Test func tunesAndTellsWhatCameOfIt() throws {
    var notes: [String] = []
    var steps = 0
    let session = try pictures.session("model", Self.options()) { event in
      if case .note(let text) = event { notes.append(text) }
      if case .adaptation = event { steps += 1 }
    }
    #expect(try session.run { false } == .finished)
    let record = try record("model")
    #expect(steps == 4 && record.progress.step == 4 && record.steps == 4)
    #expect([.adapted, .worse].contains(record.outcome))
    #expect(record.before != nil && record.after != nil)
    let isBetter = (record.after?.merit ?? 0) > (record.before?.merit ?? 0)
    #expect((record.outcome == .adapted) == isBetter)
    #expect(notes.contains { $0.contains("pixel AUROC") && $0.contains("before") })
  }

  @Test func aTunedModelJudgesAlikeAfterItIsSaved() throws {
    let session = try pictures.session("model", Self.options())
    #expect(try session.run { false } == .finished)
    // Whatever came of it: weights other than the program's must travel in the file.
    var model = session.model
    let changed = try initial().mapValues { tensor in
      tensor.shape.count > 1 ? Tensor(tensor).mul_(1.1).to(.float16).stored : tensor
    }
    try model.replaceBackbone(changed)
    try model.write(to: path("saved"))
    let read = try Model(contentsOf: path("saved"))
    let picture = try model.configuration.prepare(pictures.data + "/test/good/000.png")
    let (before, after) = (model.features(Tensor([picture])), read.features(Tensor([picture])))
    #expect(before.map(\.floats) == after.map(\.floats))
    #expect(model.configuration == read.configuration)
    let unchanged = session.model.features(Tensor([picture]))
    #expect(unchanged.map(\.floats) != after.map(\.floats))

    // And so they must in a checkpoint for the published code, which knows no such backbone.
    for ending in ["ckpt", "safetensors"] {
      _ = try model.export(to: path("out.\(ending)"))
      var options = ImportOptions()
      options.size = .exact(height: model.configuration.height, width: model.configuration.width)
      let imported = try ImportedModel(contentsOf: path("out.\(ending)"), options: options)
      #expect(imported.model.features(Tensor([picture])).map(\.floats) == after.map(\.floats))
      #expect(!imported.notes.contains { $0.contains("passed over") }, "\(imported.notes)")
    }
    var bare = ExportOptions()
    bare.includesBackbone = false
    _ = try model.export(to: path("bare.ckpt"), options: bare)
    let notes = try ImportedModel(contentsOf: path("bare.ckpt")).notes
    #expect(notes.contains { $0.contains("does not hold the weights of the backbone") }, "\(notes)")
  }

  @Test func goesOnToTheSameBits() throws {
    var options = Self.options()
    options.checkpointInterval = 0
    #expect(try pictures.session("whole", options).run { false } == .finished)
    var steps = 0
    let parts = try pictures.session("parts", options) { if case .adaptation = $0 { steps += 1 } }
    #expect(try parts.run { steps == 2 } == .stopped)
    #expect(try record("parts").outcome == .unfinished)
    #expect(try record("parts").progress.step == 2)
    let resumed = try pictures.resumed("parts") { if case .adaptation = $0 { steps += 1 } }
    #expect(try resumed.run { false } == .finished)
    #expect(steps == 4)
    #expect(try tensors("parts") == tensors("whole"))
    var (one, other) = (try record("parts"), try record("whole"))
    one.progress.seconds = 0
    other.progress.seconds = 0
    #expect(one == other)
  }

  @Test func isInterruptedBeforeTheFirstStep() throws {
    let session = try pictures.session("model", Self.options())
    #expect(try session.run { true } == .stopped)
    #expect(try record("model").progress.step == 0)
    #expect(try pictures.resumed("model").run { false } == .finished)
    #expect(try record("model").outcome != .unfinished)
  }

  @Test func aDamagedCheckpointIsAnErrorThatNamesTheFile() throws {
    var options = Self.options()
    options.checkpointInterval = 0
    var steps = 0
    let session = try pictures.session("model", options) { if case .adaptation = $0 { steps += 1 } }
    #expect(try session.run { steps == 2 } == .stopped)
    let whole = try SafeTensors.read(path("model"))
    for name in ["adaptation.current.stem.weight", "adaptation.optimizer.first.stem.weight"] {
      var file = whole
      #expect(file.tensors.removeValue(forKey: name) != nil)
      try SafeTensors.write(file, to: path("damaged"))
      let error = #expect(throws: ModelFileError.self) { try pictures.resumed("damaged").run { false } }
      #expect(error?.description.contains("damaged") == true)
    }
  }

  /// Rates at which training destroys what was there.
  @Test(arguments: [1e2, 1e6]) func neverKeepsWorseWeights(_ rate: Double) throws {
    var options = Self.options(steps: 6)
    options.adaptation.schedule.learningRate = rate
    options.adaptation.schedule.warmUp = 0
    #expect(try pictures.session("model", options).run { false } == .finished)
    let record = try record("model")
    let kept = try SafeTensors.read(path("model")).tensors["backbone.stem.weight"]
    let before = try initial()["stem.weight"]
    if record.outcome == .adapted {
      #expect((record.after?.merit ?? 0) > (record.before?.merit ?? 1))
    } else {
      #expect(kept?.bytes == before?.bytes)
    }
    // At the second rate nothing of what was learnt is left.
    #expect(rate < 1e6 || record.outcome != .adapted)
  }

  @Test func tooFewPicturesAreSaid() throws {
    let few = try TrainingPictures(count: 5)
    var notes: [String] = []
    let session = try few.session("model", Self.options()) {
      if case .note(let text) = $0 { notes.append(text) }
    }
    #expect(try session.run { false } == .finished)
    #expect(notes.contains { $0.contains("not tuned") && $0.contains("8 good") })
    let record = try Model.configuration(ofFile: few.folder + "/model").training?.adaptation
    #expect(record?.outcome == .tooFewPictures)
  }

  @Test func withoutHeldOutPicturesSomeAreSetAside() throws {
    var options = Self.options(steps: 1)
    options.heldOut = 0
    var notes: [String] = []
    let session = try pictures.session("model", options) {
      if case .note(let text) = $0 { notes.append(text) }
    }
    #expect(try session.run { false } == .finished)
    #expect(notes.contains { $0.contains("set aside") })
    let record = try record("model")
    #expect(record.judgedPictures == 3 && record.pictures == 11)
  }

  @Test func theTimeBoundsTheSteps() throws {
    var options = Self.options(steps: 100_000)
    options.adaptation.minutes = 0.01
    var notes: [String] = []
    let session = try pictures.session("model", options) {
      if case .note(let text) = $0 { notes.append(text) }
    }
    #expect(try session.run { false } == .finished)
    let record = try record("model")
    let steps = try #require(record.steps)
    #expect(steps < 1000 && record.progress.step == steps)
    #expect(notes.contains { $0.contains("\(steps) steps of tuning fit") })
    // The number that fitted repeats the weights.
    var again = Self.options(steps: steps)
    again.adaptation.minutes = nil
    #expect(try pictures.session("again", again).run { false } == .finished)
    #expect(try tensors("again") == tensors("model"))
  }

  @Test func otherDetectorsShareTheTunedWeights() throws {
    var options = Self.options()
    options.adaptationFolder = pictures.folder
    var steps = 0
    func run(_ name: String, _ options: TrainingOptions) throws {
      let session = try pictures.session(name, options) { if case .adaptation = $0 { steps += 1 } }
      #expect(try session.run { false } == .finished)
    }
    try run("first", options)
    #expect(steps == 4)
    options.schedule?.learningRate = 1e-4
    try run("second", options)
    #expect(steps == 4)
    #expect(try record("first") == record("second"))
    options.seed = 1
    try run("third", options)
    #expect(steps == 8)
  }

  @Test func onlyTheEmbeddedBackboneIsTuned() throws {
    var options = Self.options()
    options.backbone = "seeded"
    options.adapts = true
    let error = #expect(throws: ConfigurationError.self) { try pictures.session("model", options) }
    #expect(error?.description.contains("seeded") == true)
    options.adapts = nil
    #expect(try pictures.session("model", options).model.configuration.training?.adaptation == nil)
    options.backbone = "embedded"
    options.adapts = false
    #expect(try pictures.session("model", options).model.configuration.training?.adaptation == nil)
  }
}
