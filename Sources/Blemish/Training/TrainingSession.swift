import AContrario
import Backbones
import Datasets
import Foundation
import Imaging
import Torch

/// A training from a data set to a model file.
public final class TrainingSession {
  /// What a session tells as it goes.
  public enum Event {
    /// Something that the user should know.
    case note(String)
    /// This many pictures, of all, have been read for the tuning of the backbone.
    case reading(done: Int, of: Int)
    /// A step of the backbone's tuning.
    case adaptation(SegmenterTrainer.Report)
    /// Features of this many pictures, of all, are ready.
    case features(done: Int, of: Int)
    /// A step of the optimiser.
    case step(Trainer.Report)
  }

  /// The model that is trained.
  public internal(set) var model: Model
  let output: String
  /// Where the training is kept until it is finished.
  private let unfinished: String
  let options: TrainingOptions
  let training: [Sample]
  let heldOut: [Sample]
  private let test: [Sample]
  let report: (Event) -> Void
  var resuming: (progress: TrainingProgress, tensors: [String: StoredTensor])?

  /// A new training.
  /// - Throws: an error that names what does not fit, before anything is computed.
  public init(
    _ dataset: Dataset, at path: String, output: String, options: TrainingOptions,
    report: @escaping (Event) -> Void
  ) throws {
    (training, heldOut) = try Self.split(dataset, at: path, options: options, report: report)
    test = dataset.test
    self.output = output
    self.options = options
    self.report = report
    try requireWritable(output)
    unfinished = Self.place(ofUnfinished: output)
    let type = try DetectorCatalogue.named(options.detector)
    let backbone = try BackboneCatalogue.named(options.backbone)
    let weights = try options.loadedWeights(of: backbone)
    let size = try Self.size(options, type, backbone, training: training, report: report)
    model = try withTorchErrors {
      try Model(
        detector: type, detectorConfiguration: options.detectorConfiguration, backbone: backbone,
        weights: weights,
        height: size.height, width: size.width, tile: options.tile, embeddingBackbone: options.embedsBackbone,
        precision: options.precision,
        parameters: Parameters(
          seed: options.seed, device: options.device, productType: options.precision.elementType))
    }
    let schedule = options.schedule ?? type.schedule
    try schedule.check()
    model.configuration.training = TrainingRecord(
      date: "", data: path, format: dataset.format.rawValue, category: dataset.name, heldOut: options.heldOut,
      trainingPictures: training.count, heldOutPictures: heldOut.count,
      fingerprint: try fingerprint(of: training + heldOut), seed: options.seed, schedule: schedule,
      selection: options.selection, progress: TrainingProgress(), finished: false,
      machine: .current(options.device), size: options.size?.description,
      precision: options.precision, featurePrecision: options.featurePrecision,
      backboneHash: model.configuration.backboneHash,
      adaptation: try Self.adaptation(options, backbone))
  }

  /// Goes on with the training that a model file holds, with the choices that were made when it began.
  /// - Throws: ``ConfigurationError`` when the training is finished or the data set is another.
  public init(
    resuming path: String, _ dataset: (TrainingRecord) throws -> Dataset, options: TrainingOptions,
    report: @escaping (Event) -> Void
  ) throws {
    let output = path
    let path = Self.unfinished(output) ?? output
    let file = try SafeTensors.read(path)
    try requireWritable(output)
    model = try Model.building(path) {
      try Model(
        file, path: path, weights: options.weights,
        precision: { $0.training?.precision ?? options.precision }, device: options.device)
    }
    guard let record = model.configuration.training, !record.finished else {
      throw ConfigurationError("\(path): its training is finished; there is nothing to resume")
    }
    do {
      try record.schedule.check()
      try Self.check(heldOut: record.heldOut)
      try record.adaptation?.options.check()
      try record.adaptation?.schedule.check()
    } catch {
      throw ConfigurationError("\(path): its training cannot be resumed: \(error)")
    }
    var options = options
    options.seed = record.seed
    options.heldOut = record.heldOut
    options.selection = record.selection
    options.featurePrecision = record.featurePrecision
    let dataset = try dataset(record)
    (training, heldOut) = try Self.split(dataset, at: record.data, options: options, report: report)
    guard try fingerprint(of: training + heldOut) == record.fingerprint else {
      throw ConfigurationError(
        "\(path): its pictures have changed since it was interrupted; train anew without --resume")
    }
    test = dataset.test
    self.output = output
    unfinished = path
    self.options = options
    self.report = report
    resuming = (record.progress, file.tensors)
  }

  /// The file that holds an unfinished training into a model's file; nil where there is none.
  public static func unfinished(_ output: String) -> String? {
    let beside = output + ".unfinished"
    if FileManager.default.fileExists(atPath: beside) { return beside }
    return (try? Model.configuration(ofFile: output))?.training?.finished == false ? output : nil
  }

  /// An unfinished training is a model and lies where the model will, but not in the place of a finished one: that is of
  /// use until the new one is finished.
  private static func place(ofUnfinished output: String) -> String {
    unfinished(output) ?? (FileManager.default.fileExists(atPath: output) ? output + ".unfinished" : output)
  }

  /// Trains, and writes the model file.
  /// - Parameter shouldStop: asked after every step; when true, the model file is written so that the training
  ///   can be resumed.
  /// - Throws: the error of the first picture that cannot be read; ``ConfigurationError`` when training diverges.
  public func run(shouldStop: () -> Bool) throws -> Trainer.Outcome {
    guard let record = model.configuration.training else { return .finished }
    // Where its folder cannot be made, that is said before long work is done.
    let cache =
      try options.cacheLimit > 0
      ? FeatureCache(folder: options.cacheFolder ?? FeatureCache.standardFolder, limit: options.cacheLimit)
      : nil
    guard try adapt(shouldStop: shouldStop) else { return .stopped }
    guard try whiten(shouldStop: shouldStop) else {
      try write(TrainingProgress(), finished: false)
      return .stopped
    }
    let all = training.count + heldOut.count
    let memory = availableMemory() / 2
    let pictures: TrainingFeatures
    let held: TrainingFeatures?
    do {
      pictures = try features(training, cache, memory, done: 0, of: all, shouldStop)
      held =
        heldOut.isEmpty
        ? nil
        : try features(
          heldOut, cache, memory - pictures.bytesInMemory, done: training.count, of: all, shouldStop)
    } catch is CancellationError {
      // A training that goes on has its checkpoint already; a new one leaves its start.
      if resuming == nil || resuming?.progress.step == 0 { try write(TrainingProgress(), finished: false) }
      return .stopped
    }
    let (outcome, progress) = try train(on: pictures, held, as: record, shouldStop)
    if outcome == .finished {
      // Nor is what the flow needed to the backbone.
      Torch.releaseFreedMemory()
      model.configuration.background = try model.learnBackground(
        from: held ?? pictures, source: held == nil ? .training : .heldOut)
      try write(progress, finished: true)
    }
    return outcome
  }

  /// Trains the flow on the features of pictures, and gives the model the weights that are kept.
  private func train(
    on pictures: TrainingFeatures, _ held: TrainingFeatures?, as record: TrainingRecord,
    _ shouldStop: () -> Bool
  ) throws -> (Trainer.Outcome, TrainingProgress) {
    // What the backbone needed is of no use to the flow.
    Torch.releaseFreedMemory()
    let trainer = try withTorchErrors {
      Trainer(
        model: model, pictures: pictures, heldOut: held, schedule: record.schedule, seed: record.seed,
        selection: record.selection, testAUROC: { [model, test] in try model.pixelAUROC(on: test) })
    }
    if let resuming, resuming.progress.step != 0 {
      do {
        try trainer.resume(resuming.progress, tensors: resuming.tensors)
      } catch {
        throw ModelFileError(description: "\(output): its training cannot be resumed: \(error)")
      }
    }
    var log = try options.tensorBoard.map {
      try TensorBoardLog(
        folder: $0, model: model, pictures: heldOut.isEmpty ? training : heldOut, step: trainer.progress.step)
    }
    let outcome = try trainer.run(
      checkpointInterval: options.checkpointInterval, shouldStop: shouldStop,
      checkpoint: {
        try write(
          trainer.progress, finished: false, stateDict: trainer.keptStateDict,
          extra: trainer.checkpointTensors())
      },
      report: { step in
        do {
          try log?.add(step)
        } catch {
          // A full disk of logs is no reason to lose a training.
          log = nil
          report(.note("training goes on without TensorBoard: \(error)"))
        }
        report(.step(step))
      })
    if outcome == .finished { try trainer.restoreKept() }
    return (outcome, trainer.progress)
  }

  func write(
    _ progress: TrainingProgress, finished: Bool, stateDict: [String: StoredTensor]? = nil,
    extra: [String: StoredTensor] = [:]
  ) throws {
    model.configuration.training?.progress = progress
    model.configuration.training?.finished = finished
    model.configuration.training?.date = ISO8601DateFormatter().string(from: Date())
    try model.write(to: finished ? output : unfinished, stateDict: stateDict, extra: extra)
    if finished && unfinished != output { try? FileManager.default.removeItem(atPath: unfinished) }
  }

  private func features(
    _ samples: [Sample], _ cache: FeatureCache?, _ memory: Int, done: Int, of all: Int,
    _ shouldStop: () -> Bool
  ) throws -> TrainingFeatures {
    try TrainingFeatures(
      of: samples.map(\.path), model: model, precision: options.featurePrecision, cache: cache,
      memoryLimit: memory,
      note: { report(.note($0)) }
    ) { count in
      report(.features(done: done + count, of: all))
      return shouldStop()
    }
  }

  // MARK: Choices

  static func split(
    _ dataset: Dataset, at path: String, options: TrainingOptions, report: (Event) -> Void
  ) throws -> (training: [Sample], heldOut: [Sample]) {
    try check(heldOut: options.heldOut)
    for warning in dataset.warnings.prefix(20) { report(.note(warning)) }
    var dataset = dataset
    dataset.train.removeAll(where: \.isAnomalous)
    guard !dataset.train.isEmpty else {
      throw ConfigurationError(
        "\(path): there are no good pictures to train on (read as \(dataset.format.rawValue))")
    }
    if options.selection == .testAUROC {
      guard dataset.test.contains(where: \.isAnomalous) else {
        throw ConfigurationError("\(path): --keep test-auroc needs anomalous test pictures with masks")
      }
      report(
        .note("the epoch is chosen by the test set, as the published code does: its figures are optimistic"))
    }
    let validation = dataset.validation.filter { !$0.isAnomalous }
    if !validation.isEmpty && options.heldOut > 0 { return (dataset.train, validation) }
    let split = dataset.holdOut(fraction: options.heldOut, seed: options.seed)
    guard !split.heldOut.isEmpty, !split.train.isEmpty else {
      if options.selection == .likelihood {
        report(.note("no good pictures are held out, so the last epoch is kept"))
      }
      return (dataset.train, [])
    }
    return (split.train, split.heldOut)
  }

  static func check(heldOut: Double) throws {
    guard (0..<1).contains(heldOut) else {
      throw ConfigurationError("The held-out part must be at least 0 and less than 1, not \(heldOut).")
    }
  }

  private static func size(
    _ options: TrainingOptions, _ type: any DetectorType.Type, _ backbone: BackboneDescription,
    training: [Sample], report: (Event) -> Void
  ) throws -> (height: Int, width: Int) {
    let multiple =
      options.tile == nil ? backbone.sizeMultiple : max(backbone.sizeMultiple, TileGrid.multiple)
    func rounded(_ side: Double) -> Int { max(Int((side / Double(multiple)).rounded()), 1) * multiple }
    let standard: RequestedSize =
      options.tile == nil ? .side(type.preparation.size ?? backbone.defaultSize) : .own
    switch options.size ?? standard {
    case .own:
      let shapes = try training.map { try Picture.dimensions(ofFile: $0.path) }
      func middle(_ sides: [Int]) -> Int { rounded(Double(sides.sorted()[sides.count / 2])) }
      let size = (height: middle(shapes.map(\.height)), width: middle(shapes.map(\.width)))
      report(.note("pictures are brought to \(size.height)x\(size.width), their own median size"))
      return size
    case .exact(let height, let width):
      let size = (height: rounded(Double(height)), width: rounded(Double(width)))
      if size != (height, width) {
        report(.note("\(backbone.name) works at multiples of \(multiple): \(size.height)x\(size.width)"))
      }
      return size
    case .side(let side):
      let shapes = try training.map { try Picture.dimensions(ofFile: $0.path) }
      let ratios = shapes.map { Double($0.width) / Double($0.height) }
      let (least, most) = (ratios.min() ?? 1, ratios.max() ?? 1)
      guard most < least * 1.01 else {
        report(.note("the pictures have several shapes: all are brought to \(rounded(Double(side))) squared"))
        return (rounded(Double(side)), rounded(Double(side)))
      }
      return (rounded(Double(side) / min(least, 1)), rounded(Double(side) * max(least, 1)))
    }
  }
}
