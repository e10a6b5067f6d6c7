import Backbones
import Crypto
import Foundation
import Imaging
import Torch

extension TrainingSession {
  /// How the backbone is to be tuned; nil where it is not.
  /// - Throws: ``ConfigurationError`` where the backbone cannot be tuned, or the numbers make no training.
  static func adaptation(
    _ options: TrainingOptions, _ backbone: BackboneDescription
  ) throws -> AdaptationRecord? {
    guard let adaptation = try options.chosenAdaptation(backbone) else { return nil }
    try adaptation.check()
    return AdaptationRecord(adaptation)
  }

  /// Tunes the backbone where that was asked for and is not done.
  /// - Returns: false when it was asked to stop; the model file is then written.
  func adapt(shouldStop: () -> Bool) throws -> Bool {
    guard let record = model.configuration.training, let asked = record.adaptation,
      asked.outcome == .unfinished
    else { return true }
    let shared = try sharedAdaptation(record, asked)
    if let shared, let (done, weights) = try shared.read() {
      do {
        try finishAdaptation(done, weights)
      } catch let error as ParameterError {
        throw ConfigurationError("\(shared.path): holds no tuned weights (\(error)); remove it")
      }
      return true
    }
    let initial = model.backboneWeights
    let adaptation = BackboneAdaptation(
      asked, initial: initial, configuration: tuningConfiguration,
      multiple: try BackboneCatalogue.named(model.configuration.backbone).sizeMultiple, seed: record.seed,
      device: model.device, resuming: (resuming?.tensors ?? [:]).filter { BackboneAdaptation.owns($0.key) })
    let weights: [String: StoredTensor]?
    do {
      weights = try adaptation.run(
        training: training.map(\.path), heldOut: heldOut.map(\.path),
        checkpointInterval: options.checkpointInterval, shouldStop: shouldStop,
        checkpoint: {
          model.configuration.training?.adaptation = adaptation.record
          try write(TrainingProgress(), finished: false, extra: adaptation.checkpointTensors())
        }, report: tell)
    } catch let error as ParameterError {
      let problem =
        resuming == nil ? "the backbone's weights cannot be tuned" : "its tuning cannot be resumed"
      throw ModelFileError(description: "\(output): \(problem): \(error)")
    }
    guard let weights else { return false }
    try finishAdaptation(adaptation.record, weights)
    try shared?.write(adaptation.record, weights)
    try write(TrainingProgress(), finished: false)
    return true
  }

  private func finishAdaptation(_ record: AdaptationRecord, _ weights: [String: StoredTensor]) throws {
    if record.outcome == .adapted { try model.replaceBackbone(weights) }
    model.configuration.training?.adaptation = record
    report(.note("backbone: \(record.summary)"))
  }

  private func tell(_ event: BackboneAdaptation.Event) {
    switch event {
    case .read(let done, let all): report(.reading(done: done, of: all))
    case .step(let step): report(.adaptation(step))
    case .note(let text): report(.note(text))
    }
  }

  /// How pictures are prepared to tune on: resized in one way, whatever the detector's, so that detectors can share
  /// what was tuned.
  private var tuningConfiguration: ModelConfiguration {
    var configuration = model.configuration
    configuration.filter = ResamplingFilter.bilinear.rawValue
    return configuration
  }

  /// Where tuned weights are shared with other trainings that would tune in the same way.
  private func sharedAdaptation(
    _ record: TrainingRecord, _ asked: AdaptationRecord
  ) throws -> SharedAdaptation? {
    try options.adaptationFolder.map { folder in
      let configuration = tuningConfiguration
      let options = String(decoding: try JSONEncoder.stable.encode(asked.options), as: UTF8.self)
      let all = [
        configuration.backboneHash ?? "", "\(configuration.height)x\(configuration.width)",
        configuration.filter,
        record.fingerprint, "\(record.heldOut)", "\(record.seed)", options,
      ]
      let key = hexadecimal(SHA256.hash(data: Data(all.joined(separator: "\n").utf8)))
      return SharedAdaptation(folder: folder, key: key)
    }
  }
}

extension TrainingOptions {
  /// How the backbone is to be tuned; nil where it is not.
  /// - Throws: ``ConfigurationError`` where the backbone cannot be tuned.
  func chosenAdaptation(_ backbone: BackboneDescription) throws -> AdaptationOptions? {
    guard adapts ?? (backbone.builtIn != nil) else { return nil }
    guard backbone.builtIn != nil else {
      throw ConfigurationError(
        "The backbone \(backbone.name) cannot be tuned on good pictures; only embedded can. Leave out --adapt."
      )
    }
    var adaptation = adaptation
    if let tile { adaptation.longestSide = min(adaptation.longestSide, tile) }
    // bfloat16 takes two thirds of the time (docs/performance.md).
    adaptation.precision = backbone.precision(precision, on: device)
    return adaptation
  }
}
