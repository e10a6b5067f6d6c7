import BlemishSupport
import BlemishBackbones
import BlemishDatasets
import BlemishDetectors
import BlemishFiles
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishTraining

@Suite(.serialized) struct TuningTests {
  private let pictures: TabletPictures

  init() throws { pictures = try TabletPictures(count: 14) }

  /// A training of one epoch after four small steps of tuning.
  private static func options(steps: Int = 4) -> TrainingOptions {
    var options = TabletPictures.options()
    options.backbone = "embedded"
    options.schedule?.epochs = 1
    options.schedule?.batch = 5
    options.heldOut = 0.3
    options.tuning.minutes = nil
    options.tuning.schedule.steps = steps
    // Four crops of 32 x 32 a step.
    options.tuning.pixels = 4 * 32 * 32
    options.tuning.longestSide = 32
    return options
  }

  private func record(_ name: String) throws -> TuningRecord {
    try #require(Model.configuration(ofFile: path(name)).trainingRecord?.tuning)
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
      if case .tuning = event { steps += 1 }
    }
    #expect(try session.run() == .finished)
    let record = try record("model")
    #expect(steps == 4 && record.progress.step == 4 && record.steps == 4)
    #expect([.tuned, .worse].contains(record.outcome))
    #expect(record.before != nil && record.after != nil)
    let isBetter = (record.after?.merit ?? 0) > (record.before?.merit ?? 0)
    #expect((record.outcome == .tuned) == isBetter)
    #expect(notes.contains { $0.contains("pixel AUROC") && $0.contains("before") })
  }

  /// A small network that has learnt nothing yet, on parts with planted defects: there is all to win.
  @Test func improvesWhatCanBeImproved() throws {
    let parameters = Parameters(seed: 3)
    _ = try DefectSegmenter<TrainedUnit>(
      parameters.root,
      EmbeddedArchitecture(widths: [8, 12, 16, 16], blocks: [1, 1, 1], pyramid: 8, evidence: 4))
    try SafeTensors.write(WeightFile(tensors: parameters.stateDict(), metadata: [:]), to: path("untrained"))
    let many = try TabletPictures(count: 40)
    var options = Self.options(steps: 250)
    options.weights = [path("untrained")]
    options.heldOut = 0.5
    (options.tuning.pixels, options.tuning.longestSide) = (4 * 64 * 64, 64)
    options.tuning.schedule.learningRate = 5e-3
    options.tuning.schedule.warmUp = 10
    let session = try many.session("model", options)
    #expect(try session.run() == .finished)
    let record = try #require(session.record.tuning)
    let (before, after) = (try #require(record.before), try #require(record.after))
    #expect(record.outcome == .tuned)
    #expect(after.merit > before.merit + 0.02, "from \(before) to \(after)")
    // What is kept are the better weights.
    let kept = try SafeTensors.read(many.folder + "/model").tensors["backbone.stem.weight"]
    #expect(kept?.floats() != parameters.stateDict()["stem.weight"]?.floats())
  }

  @Test func aTunedModelJudgesAlikeAfterItIsSaved() throws {
    let session = try pictures.session("model", Self.options())
    #expect(try session.run() == .finished)
    // Whatever came of it: weights other than the program's must travel in the file.
    let changed = try initial().mapValues { tensor in
      tensor.shape.count > 1 ? Tensor(tensor).mul_(1.1).to(.float16).stored : tensor
    }
    let model = try session.model.replacingBackbone(BackboneCatalogue.standard.named("embedded"), changed)
    try model.write(to: path("saved"))
    let read = try Model(contentsOf: path("saved"))
    let picture = try model.configuration.preprocessor(contentsOf: pictures.data + "/test/good/000.png")
    let (before, after) = (model.features(of: Tensor([picture])), read.features(of: Tensor([picture])))
    #expect(before.map(\.floats) == after.map(\.floats))
    var configuration = read.configuration
    configuration.file = model.configuration.file
    #expect(model.configuration == configuration)
    let unchanged = session.model.features(of: Tensor([picture]))
    #expect(unchanged.map(\.floats) != after.map(\.floats))
  }

  @Test func goesOnToTheSameBits() async throws {
    var options = Self.options()
    options.checkpointInterval = 0
    #expect(try pictures.session("whole", options).run() == .finished)
    try await stop("parts", options, behind: 2)
    #expect(try record("parts").outcome == .unfinished)
    #expect(try record("parts").progress.step == 2)
    var steps = 2
    let resumed = try pictures.resumed("parts") { if case .tuning = $0 { steps += 1 } }
    #expect(try resumed.run() == .finished)
    #expect(steps == 4)
    #expect(try tensors("parts") == tensors("whole"))
    var (one, other) = (try record("parts"), try record("whole"))
    one.progress.seconds = 0
    other.progress.seconds = 0
    #expect(one == other)
  }

  /// Trains into a file until so many steps of the tuning are done.
  private func stop(_ output: String, _ options: TrainingOptions, behind steps: Int) async throws {
    let outcome = try await interrupted { cancel in
      try pictures.session(output, options) { event in
        if case .tuning(let report) = event, report.progress.step == steps { cancel() }
      }.run()
    }
    #expect(outcome == .stopped)
  }

  @Test func isInterruptedBeforeTheFirstStep() async throws {
    let outcome = try await interrupted { cancel in
      cancel()
      return try pictures.session("model", Self.options()).run()
    }
    #expect(outcome == .stopped)
    #expect(try record("model").progress.step == 0)
    #expect(try pictures.resumed("model").run() == .finished)
    #expect(try record("model").outcome != .unfinished)
  }

  @Test func aDamagedCheckpointIsAnErrorThatNamesTheFile() async throws {
    var options = Self.options()
    options.checkpointInterval = 0
    try await stop("model", options, behind: 2)
    let whole = try SafeTensors.read(path("model"))
    for name in ["adaptation.current.stem.weight", "adaptation.optimizer.first.stem.weight"] {
      var file = whole
      #expect(file.tensors.removeValue(forKey: name) != nil)
      Model.seal(&file)
      try SafeTensors.write(file, to: path("damaged"))
      let error = #expect(throws: ModelFileError.self) { try pictures.resumed("damaged").run() }
      #expect(error?.path == path("damaged"))
      guard case .notResumable(is ParameterError)? = error?.problem else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  /// Rates at which training destroys what was there.
  @Test(arguments: [1e2, 1e6]) func neverKeepsWorseWeights(_ rate: Double) throws {
    var options = Self.options(steps: 6)
    options.tuning.schedule.learningRate = rate
    options.tuning.schedule.warmUp = 0
    #expect(try pictures.session("model", options).run() == .finished)
    let record = try record("model")
    let kept = try SafeTensors.read(path("model")).tensors["backbone.stem.weight"]
    let before = try initial()["stem.weight"]
    if record.outcome == .tuned {
      #expect((record.after?.merit ?? 0) > (record.before?.merit ?? 1))
    } else {
      #expect(kept?.bytes == before?.bytes)
    }
    // At the second rate nothing of what was learnt is left.
    #expect(rate < 1e6 || record.outcome != .tuned)
  }

  @Test func tooFewPicturesAreSaid() throws {
    let few = try TabletPictures(count: 5)
    var notes: [String] = []
    let session = try few.session("model", Self.options()) {
      if case .note(let text) = $0 { notes.append(text) }
    }
    #expect(try session.run() == .finished)
    #expect(notes.contains { $0.contains("not tuned") && $0.contains("8 good") })
    let record = try Model.configuration(ofFile: few.folder + "/model").trainingRecord?.tuning
    #expect(record?.outcome == .tooFewPictures)
  }

  @Test func withoutHeldOutPicturesSomeAreSetAside() throws {
    var options = Self.options(steps: 1)
    options.heldOut = 0
    var notes: [String] = []
    let session = try pictures.session("model", options) {
      if case .note(let text) = $0 { notes.append(text) }
    }
    #expect(try session.run() == .finished)
    #expect(notes.contains { $0.contains("set aside") })
    let record = try record("model")
    #expect(record.judgedPictures == 3 && record.pictures == 11)
  }

  @Test func theTimeBoundsTheSteps() throws {
    var options = Self.options(steps: 100_000)
    options.tuning.minutes = 0.01
    var notes: [String] = []
    let session = try pictures.session("model", options) {
      if case .note(let text) = $0 { notes.append(text) }
    }
    #expect(try session.run() == .finished)
    let record = try record("model")
    let steps = try #require(record.steps)
    #expect(steps < 1000 && record.progress.step == steps)
    #expect(notes.contains { $0.contains("\(steps) steps of tuning fit") })
    // The number that fitted repeats the weights.
    var again = Self.options(steps: steps)
    again.tuning.minutes = nil
    #expect(try pictures.session("again", again).run() == .finished)
    #expect(try tensors("again") == tensors("model"))
  }

  @Test func otherDetectorsShareTheTunedWeights() throws {
    var options = Self.options()
    options.tuningFolder = pictures.folder
    var steps = 0
    func run(_ name: String, _ options: TrainingOptions) throws {
      let session = try pictures.session(name, options) { if case .tuning = $0 { steps += 1 } }
      #expect(try session.run() == .finished)
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
    options.tunes = true
    let error = #expect(throws: TrainingError.self) { try pictures.session("model", options) }
    if case .notTunable("seeded")? = error {} else { Issue.record("\(String(describing: error))") }
    options.tunes = nil
    #expect(try pictures.session("model", options).record.tuning == nil)
    options.backbone = "embedded"
    options.tunes = false
    #expect(try pictures.session("model", options).record.tuning == nil)
  }
}
