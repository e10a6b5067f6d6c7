import Backbones
import Datasets
import Foundation
import Imaging
import Testing
import Torch

@testable import Blemish

/// Small pictures of a generated material in a folder that goes with the last reference.
final class TrainingPictures {
  let folder: String
  /// Where the pictures are.
  var data: String { folder + "/tablet" }

  init(count: Int = 10) throws {
    folder = NSTemporaryDirectory() + "/blemish-training-" + UUID().uuidString
    try GeneratedParts(
      materials: [.tablet],
      size: 64,
      trainingPictures: count,
      goodTestPictures: 1,
      picturesPerDefect: 1,
      seed: 2
    ).write(to: folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Options of a training of nine steps: three an epoch.
  static func options(_ selection: EpochSelection = .likelihood) -> TrainingOptions {
    var options = TrainingOptions()
    options.backbone = "seeded"
    options.size = .side(64)
    options.selection = selection
    options.schedule = TrainingSchedule(
      epochs: 3,
      batch: 3,
      learningRate: 2e-3,
      weightDecay: 1e-5,
      course: .ramp(end: 0.4)
    )
    return options
  }

  /// A new training into a file of the folder.
  func session(
    _ output: String,
    _ options: TrainingOptions,
    report: @escaping (TrainingSession.Event) -> Void = { _ in }
  ) throws -> TrainingSession {
    try TrainingSession(
      try Dataset.read(data),
      at: data,
      output: "\(folder)/\(output)",
      options: options,
      report: report
    )
  }

  /// The training that a file of the folder holds.
  func resumed(_ output: String, report: @escaping (TrainingSession.Event) -> Void = { _ in }) throws
    -> TrainingSession
  {
    try TrainingSession(
      resuming: "\(folder)/\(output)",
      { _ in try Dataset.read(data) },
      options: TrainingOptions(),
      report: report
    )
  }
}

/// What must be the same at the end of two trainings: every bit of every tensor, and the record but for the clock.
private struct Result: Equatable {
  var tensors: [String: Data]
  var record: TrainingRecord?

  init(_ path: String) throws {
    tensors = try SafeTensors.read(path).tensors.mapValues { Data($0.bytes) }
    record = try Model.configuration(ofFile: path).training
    record?.date = ""
    record?.progress.seconds = 0
  }
}

@Suite("A training that goes on from its file", .serialized) struct TrainingResumeTests {
  private let pictures: TrainingPictures

  init() throws { pictures = try TrainingPictures() }

  /// A file is copied while the training goes on, as one finds it after a crash.
  @Test(arguments: [EpochSelection.likelihood, .last])
  func givesTheSameBitsFromEveryCheckpoint(_ selection: EpochSelection) throws {
    var options = TrainingPictures.options(selection)
    options.checkpointInterval = 0
    var copies: [String] = []
    let whole = try pictures.session("whole", options) { [pictures] event in
      guard case .step(let report) = event, [2, 4, 9].contains(report.progress.step) else { return }
      let copy = "after\(report.progress.step - 1)"
      copies.append(copy)
      try? FileManager.default.copyItem(
        atPath: pictures.folder + "/whole",
        toPath: "\(pictures.folder)/\(copy)"
      )
    }
    #expect(try whole.run { false } == .finished)
    let expected = try Result(pictures.folder + "/whole")
    #expect(expected.record?.progress.step == 9 && expected.record?.finished == true)
    #expect(copies.count == 3)
    for copy in copies {
      #expect(try pictures.resumed(copy).run { false } == .finished)
      #expect(try Result("\(pictures.folder)/\(copy)") == expected, "\(copy)")
    }
  }

  @Test(arguments: [(Precision.auto, FeaturePrecision.float32), (.bfloat16, .float16)])
  func givesTheSameBitsHoweverOftenItIsStopped(_ precision: Precision, _ features: FeaturePrecision) throws {
    var options = TrainingPictures.options()
    options.precision = precision
    options.featurePrecision = features
    #expect(try pictures.session("whole", options).run { false } == .finished)
    // Stopped before the first step, while features are computed, and after every step from then on.
    var outcome = try pictures.session("stopped", options).run { true }
    var sessions = 1
    while outcome == .stopped && sessions < 20 {
      var steps = 0
      outcome = try pictures.resumed("stopped") { if case .step = $0 { steps += 1 } }.run { steps > 0 }
      sessions += 1
    }
    #expect(outcome == .finished)
    #expect(sessions >= 10)
    #expect(try Result(pictures.folder + "/stopped") == Result(pictures.folder + "/whole"))
  }

  @Test func keepsTheBestEpochAcrossAnInterruption() throws {
    // The rate is so high that later epochs are worse: the first one's weights must survive the file.
    var options = TrainingPictures.options()
    options.schedule?.epochs = 4
    options.schedule?.learningRate = 0.1
    var steps = 0
    let session = try pictures.session("model", options) { if case .step = $0 { steps += 1 } }
    #expect(try session.run { steps == 7 } == .stopped)
    let stopped = try Result(pictures.folder + "/model")
    let progress = try #require(stopped.record?.progress)
    let best = try #require(
      progress.epochs.min { ($0.heldOutLoss ?? .infinity) < ($1.heldOutLoss ?? .infinity) }
    )
    #expect(progress.keptEpoch == best.epoch)
    let name = try #require(
      stopped.tensors.keys.filter { $0.hasPrefix("detector.") && $0.hasSuffix("bias") }.sorted().first
    )
    let current = "training.current." + name.dropFirst("detector.".count)
    #expect(stopped.tensors[name] != nil && stopped.tensors[name] != stopped.tensors[current])
  }

  @Test func leavesNothingBesideTheModel() throws {
    var options = TrainingPictures.options()
    options.checkpointInterval = 0
    _ = try pictures.session("model", options).run { false }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: pictures.folder).sorted() == ["model", "tablet"]
    )
  }

  @Test func aFinishedModelStaysUntilTheNewOneIsFinished() throws {
    #expect(try pictures.session("model", TrainingPictures.options()).run { false } == .finished)
    let path = pictures.folder + "/model"
    let first = try Result(path)
    var options = TrainingPictures.options()
    options.seed = 1
    var steps = 0
    let session = try pictures.session("model", options) { if case .step = $0 { steps += 1 } }
    #expect(try session.run { steps == 4 } == .stopped)
    #expect(try Result(path) == first)
    #expect(TrainingSession.unfinished(path) == path + ".unfinished")
    #expect(try pictures.resumed("model").run { false } == .finished)
    #expect(try Result(path).record?.seed == 1)
    #expect(TrainingSession.unfinished(path) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: pictures.folder).count == 2)
  }

  @Test func refusesOtherPictures() throws {
    var steps = 0
    _ = try pictures.session("model", TrainingPictures.options()) { if case .step = $0 { steps += 1 } }.run {
      steps > 0
    }
    let first = try #require(try Dataset.read(pictures.data).holdOut(fraction: 0.1, seed: 0).train.first)
    try PartMaterial.wood.draw(size: 64, name: "other", seed: 0).picture.write(png: first.path)
    let error = #expect(throws: ConfigurationError.self) { _ = try pictures.resumed("model") }
    #expect(error?.description.contains("\(pictures.folder)/model") == true)
  }

  /// The numbers that a checkpoint's record and tensors claim, which need not belong together.
  @Test func refusesARecordThatContradictsItself() throws {
    var steps = 0
    _ = try pictures.session("model", TrainingPictures.options()) { if case .step = $0 { steps += 1 } }.run {
      steps == 4
    }
    let file = try SafeTensors.read(pictures.folder + "/model")
    let path = pictures.folder + "/changed"

    func expectRefused(
      _ what: String,
      _ change: (inout ModelConfiguration, inout [String: StoredTensor]) -> Void
    ) throws {
      var changed = file
      var configuration = try Model.configuration(ofFile: pictures.folder + "/model")
      change(&configuration, &changed.tensors)
      changed.metadata["blemish"] = String(
        decoding: try JSONEncoder.stable.encode(configuration),
        as: UTF8.self
      )
      try SafeTensors.write(changed, to: path)
      do {
        _ = try pictures.resumed("changed").run { false }
        Issue.record("\(what): nothing is thrown")
      } catch {
        #expect("\(error)".hasPrefix(path), "\(what): \(error)")
      }
    }
    func expectRefused(_ what: String, _ change: (inout TrainingRecord) -> Void) throws {
      try expectRefused(what) { configuration, _ in
        configuration.training.map {
          var record = $0; change(&record); configuration.training = record
        }
      }
    }

    for number in [Int.min, -1, 0, Int.max] {
      try expectRefused("epochs \(number)") { $0.schedule.epochs = number }
      try expectRefused("batch \(number)") { $0.schedule.batch = number }
      if number != 0 { try expectRefused("step \(number)") { $0.progress.step = number } }
      if number != 0 { try expectRefused("kept epoch \(number)") { $0.progress.keptEpoch = number } }
    }
    try expectRefused("other batch") { $0.schedule.batch = 1 }
    try expectRefused("rate") { $0.schedule.learningRate = -1 }
    try expectRefused("no epochs") { $0.progress.epochs = [] }
    try expectRefused("held out") { $0.heldOut = 7 }
    let state = try #require(
      file.tensors.keys.filter { $0.hasPrefix("training.optimizer.second.") }.sorted().first
    )
    let current = try #require(file.tensors.keys.filter { $0.hasPrefix("training.current.") }.sorted().first)
    for name in [state, current] {
      try expectRefused("missing") { $1[name] = nil }
      try expectRefused("shape") { $1[name] = StoredTensor(floats: [1], shape: [1]) }
      try expectRefused("NaN") { _, tensors in
        guard let tensor = tensors[name] else { return }
        tensors[name] = StoredTensor(floats: tensor.floats().map { _ in .nan }, shape: tensor.shape)
      }
    }
  }
}
