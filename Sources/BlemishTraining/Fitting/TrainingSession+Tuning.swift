import BlemishBackbones
import BlemishCore
import BlemishFiles
import BlemishSupport
import BlemishTorch
import Foundation

extension TrainingSession {
  /// How the backbone is to be tuned; nil where it is not.
  /// - Throws: ``TrainingError`` where the backbone cannot be tuned, or the numbers make no training.
  package static func tuning(
    _ options: TrainingOptions, _ backbone: BackboneDescription
  ) throws -> TuningRecord? {
    guard let tuning = try options.chosenTuning(backbone) else { return nil }
    try tuning.check()
    return TuningRecord(tuning)
  }

  /// Tunes the backbone where that was asked for and is not done.
  /// - Throws: `CancellationError` where the task was cancelled; the model file is then written.
  func tune(on pictures: TrainingPictures) throws {
    guard let asked = record.tuning, asked.outcome == .unfinished else { return }
    let shared = try sharedTuning(asked)
    let lock = try shared?.lock {
      report(.note("another training tunes the backbone on the same pictures; its weights are waited for"))
    }
    defer { withExtendedLifetime(lock) {} }
    if let shared, let (done, weights) = try shared.read() {
      do {
        try finishTuning(done, weights)
      } catch let error as ParameterError {
        throw TrainingError.sharedTuning(path: shared.path, problem: "\(error)")
      }
      return
    }
    let tuning = BackboneTuning(
      asked, initial: tunedWeights, multiple: try Self.embedded(options).sizeMultiple, seed: record.seed,
      device: model.device, resuming: (resuming?.tensors ?? [:]).filter { BackboneTuning.owns($0.key) })
    let weights: [String: StoredTensor]?
    do {
      weights = try tuning.run(
        pictures, training: Array(0..<record.trainingPictures),
        heldOut: Array(record.trainingPictures..<pictures.count),
        checkpointInterval: options.checkpointInterval,
        checkpoint: {
          record.tuning = tuning.record
          record.progress = TrainingProgress()
          try write(finished: false, extra: tuning.checkpointTensors())
        }, report: tell)
    } catch let error as ParameterError {
      throw ModelFileError(path: output, problem: .notResumable(error))
    }
    guard let weights else { throw CancellationError() }
    try finishTuning(tuning.record, weights)
    try shared?.write(tuning.record, weights)
    try write(finished: false)
  }

  private func finishTuning(_ tuned: TuningRecord, _ weights: [String: StoredTensor]) throws {
    if tuned.outcome == .tuned {
      var all = weights
      if isJoined {
        all = model.backboneWeights
        for (name, tensor) in weights { all[Self.segmenterPrefix + name] = tensor }
      }
      model = try model.replacingBackbone(options.backbones.named(model.configuration.backbone), all)
    }
    record.tuning = tuned
    report(.note("backbone: \(tuned.summary)"))
  }

  static var segmenterPrefix: String { JoinedBackbone.name + "." }

  /// Whether the embedded backbone's evidence joins another's features.
  var isJoined: Bool { model.backboneWeights.keys.contains { $0.hasPrefix(Self.segmenterPrefix) } }

  /// The weights of the embedded backbone: all, or those beside another's.
  private var tunedWeights: [String: StoredTensor] {
    guard isJoined else { return model.backboneWeights }
    var weights: [String: StoredTensor] = [:]
    for (name, tensor) in model.backboneWeights where name.hasPrefix(Self.segmenterPrefix) {
      weights[String(name.dropFirst(Self.segmenterPrefix.count))] = tensor
    }
    return weights
  }

  /// The backbone that finds defects itself.
  static func embedded(_ options: TrainingOptions) throws -> BackboneDescription {
    try options.backbones.named("embedded")
  }

  private func tell(_ event: BackboneTuning.Event) {
    switch event {
    case .step(let step): report(.tuning(step))
    case .note(let text): report(.note(text))
    }
  }

  /// Pictures to tune on are resized in one way, whatever the detector's, so that detectors can share what was tuned.
  var tuningPreprocessor: Preprocessor {
    Preprocessor(
      height: model.configuration.height, width: model.configuration.width, filter: .bilinear,
      maximumPixels: model.configuration.maximumPixels, sampleRange: model.configuration.sampleRange,
      regionOfInterest: model.configuration.regionOfInterest)
  }

  /// Where tuned weights are shared with other trainings that would tune in the same way.
  private func sharedTuning(_ asked: TuningRecord) throws -> SharedTuning? {
    try options.tuningFolder.map { folder in
      let configuration = model.configuration
      let options = try stableJSON(asked.options)
      let all =
        [
          Model.backboneHash(of: tunedWeights) ?? "", "\(configuration.height)x\(configuration.width)",
          tuningPreprocessor.filter.rawValue, configuration.sampleRange.map { "\($0)" } ?? "",
          record.fingerprint, "\(record.heldOut)", "\(record.seed)", options,
        ] + [configuration.regionOfInterest?.identity].compactMap { $0 }
      let key = hexadecimal(SHA256.hash(Data(all.joined(separator: "\n").utf8)))
      return SharedTuning(folder: folder, key: key)
    }
  }
}

extension TrainingOptions {
  /// How the backbone is to be tuned; nil where it is not.
  /// - Throws: ``TrainingError`` where the backbone cannot be tuned.
  package func chosenTuning(_ backbone: BackboneDescription) throws -> TuningOptions? {
    let isTunable = backbone.builtIn != nil || joinsEvidence(to: backbone)
    guard tunes ?? isTunable else { return nil }
    guard isTunable else { throw TrainingError.notTunable(backbone: backbone.name) }
    var tuning = tuning
    tuning.variesLight = try lights(for: backbone) > 1
    if let tile { tuning.longestSide = min(tuning.longestSide, tile) }
    // bfloat16 takes two thirds of the time (docs/research/performance.md).
    tuning.precision = try TrainingSession.embedded(self).precision(precision, on: device)
    return tuning
  }
}
