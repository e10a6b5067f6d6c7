import BlemishSupport
import BlemishBackbones
import BlemishDatasets
import BlemishFiles
import BlemishSynthesis
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishTraining

/// What must be the same at the end of two trainings: every bit of every tensor, and the record but for the clock.
private struct Result: Equatable {
  var tensors: [String: Data]
  var record: TrainingRecord?

  init(_ path: String) throws {
    tensors = try SafeTensors.read(path).tensors.mapValues { Data($0.bytes) }
    record = try Model.configuration(ofFile: path).trainingRecord
    record?.date = ""
    record?.progress.seconds = 0
  }
}

@Suite("A training that goes on from its file", .serialized) struct TrainingResumeTests {
  private let pictures: TabletPictures

  init() throws { pictures = try TabletPictures() }

  /// A file is copied while the training goes on, as one finds it after a crash.
  @Test(arguments: [EpochSelection.likelihood, .last])
  func givesTheSameBitsFromEveryCheckpoint(_ selection: EpochSelection) throws {
    var options = TabletPictures.options(selection)
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
    #expect(try whole.run() == .finished)
    let expected = try Result(pictures.folder + "/whole")
    #expect(expected.record?.progress.step == 9 && expected.record?.finished == true)
    #expect(copies.count == 3)
    for copy in copies {
      #expect(try pictures.resumed(copy).run() == .finished)
      #expect(try Result("\(pictures.folder)/\(copy)") == expected, "\(copy)")
    }
  }

  @Test(arguments: [(Precision.auto, FeaturePrecision.float32), (.bfloat16, .float16)])
  func givesTheSameBitsHoweverOftenItIsStopped(_ precision: Precision, _ features: FeaturePrecision)
    async throws
  {
    var options = TabletPictures.options()
    options.precision = precision
    options.featurePrecision = features
    #expect(try pictures.session("whole", options).run() == .finished)
    // Stopped before the first step, while features are computed, and after every step from then on.
    var outcome = try await interrupted { [options] cancel in
      cancel()
      return try pictures.session("stopped", options).run()
    }
    var sessions = 1
    while outcome == .stopped && sessions < 20 {
      outcome = try await interrupted { cancel in
        try pictures.resumed("stopped") { if case .step = $0 { cancel() } }.run()
      }
      sessions += 1
    }
    #expect(outcome == .finished)
    #expect(sessions >= 10)
    #expect(try Result(pictures.folder + "/stopped") == Result(pictures.folder + "/whole"))
  }

  /// Trains into a file until so many steps are done.
  private func stop(_ output: String, _ options: TrainingOptions, behind steps: Int) async throws {
    let outcome = try await interrupted { cancel in
      try pictures.session(output, options) { event in
        if case .step(let report) = event, report.progress.step == steps { cancel() }
      }.run()
    }
    #expect(outcome == .stopped)
  }

  @Test func keepsTheBestEpochAcrossAnInterruption() async throws {
    // The rate is so high that later epochs are worse: the first one's weights must survive the file.
    var options = TabletPictures.options()
    options.schedule?.epochs = 4
    options.schedule?.learningRate = 0.1
    try await stop("model", options, behind: 7)
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
    var options = TabletPictures.options()
    options.checkpointInterval = 0
    _ = try pictures.session("model", options).run()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: pictures.folder).sorted() == ["model", "tablet"]
    )
  }

  @Test func aFinishedModelStaysUntilTheNewOneIsFinished() async throws {
    #expect(try pictures.session("model", TabletPictures.options()).run() == .finished)
    let path = pictures.folder + "/model"
    let first = try Result(path)
    var options = TabletPictures.options()
    options.seed = 1
    try await stop("model", options, behind: 4)
    #expect(try Result(path) == first)
    #expect(TrainingSession.unfinished(path) == path + ".unfinished")
    #expect(try pictures.resumed("model").run() == .finished)
    #expect(try Result(path).record?.seed == 1)
    #expect(TrainingSession.unfinished(path) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: pictures.folder).count == 2)
  }

  @Test func refusesOtherPictures() async throws {
    try await stop("model", TabletPictures.options(), behind: 1)
    let first = try #require(try Dataset.read(pictures.data).holdOut(fraction: 0.1, seed: 0).train.first)
    try PartMaterial.wood.draw(size: 64, name: "other", seed: 0).picture.write(png: first.path)
    let error = #expect(throws: TrainingError.self) { try pictures.resumed("model").run() }
    guard case .otherPictures(pictures.folder + "/model")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// The numbers that a checkpoint's record and tensors claim, which need not belong together.
  @Test func refusesARecordThatContradictsItself() async throws {
    try await stop("model", TabletPictures.options(), behind: 4)
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
        decoding: try JSONEncoder.stable.encode(configuration), as: UTF8.self)
      // What contradicts itself is whole to the bit.
      Model.seal(&changed)
      try SafeTensors.write(changed, to: path)
      do {
        _ = try pictures.resumed("changed").run()
        Issue.record("\(what): nothing is thrown")
      } catch {
        #expect((error as? ModelFileError)?.path == path, "\(what): \(error)")
        if case .notResumable? = (error as? ModelFileError)?.problem {
        } else if case .damaged? = (error as? ModelFileError)?.problem {
          Issue.record("\(what): \(error)")
        }
      }
    }
    func expectRefused(_ what: String, _ change: (inout TrainingRecord) -> Void) throws {
      try expectRefused(what) { configuration, _ in
        configuration.trainingRecord.map {
          var record = $0; change(&record); configuration.trainingRecord = record
        }
      }
    }

    for number in [Int.min, -1, 0, Int.max] {
      try expectRefused("epochs \(number)") { $0.schedule?.epochs = number }
      try expectRefused("batch \(number)") { $0.schedule?.batch = number }
      if number != 0 { try expectRefused("step \(number)") { $0.progress.step = number } }
      if number != 0 { try expectRefused("kept epoch \(number)") { $0.progress.keptEpoch = number } }
    }
    try expectRefused("other batch") { $0.schedule?.batch = 1 }
    try expectRefused("rate") { $0.schedule?.learningRate = -1 }
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
