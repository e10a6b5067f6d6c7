import BlemishAContrario
import BlemishBackbones
import BlemishCore
import BlemishDatasets
import BlemishFiles
import BlemishImaging
import BlemishSupport
import BlemishTorch
import Foundation

/// A training from a data set to a model file. It stops where its task is cancelled, and can then be resumed.
public final class TrainingSession {
  /// What a session tells as it goes.
  public enum Event {
    /// Something that the user should know.
    case note(String)
    /// This many pictures, of all, have been read.
    case reading(done: Int, of: Int)
    /// A step of the backbone's tuning.
    case tuning(SegmenterTrainer.Report)
    /// Features of this many pictures, of all, are ready.
    case features(done: Int, of: Int)
    /// A step of the optimiser.
    case step(Trainer.Report)
    /// This share of a fit without steps is done, from 0 to 1.
    case fitting(Double)
  }

  /// The model as far as it is trained.
  public internal(set) var model: Model
  /// The detector's parameters, which gradient steps change in place.
  private let parameters: Parameters
  /// How the training goes; it is written with the model.
  public internal(set) var record: TrainingRecord
  let output: String
  /// Where the model goes.
  private let destination: OutputDestination
  /// Where the training is kept until it is finished.
  private let unfinished: String
  let options: TrainingOptions
  private var training: [Sample]
  private var heldOut: [Sample]
  private var test: [Sample]
  let report: (Event) -> Void
  var resuming: (progress: TrainingProgress, tensors: [String: StoredTensor])?
  /// Whether a file holds what the training can go on with.
  private var isSaved = false

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
    destination = try OutputDestination(output)
    try destination.check(replacing: options.replacement)
    unfinished = Self.place(ofUnfinished: output)
    let type = try options.detectors.named(options.detector)
    let backbone = try options.backbones.named(options.backbone)
    let weights = try options.loadedWeights(of: backbone)
    let size = try Self.size(options, type, backbone, training: training, report: report)
    let parameters = Parameters(
      seed: options.seed, device: options.device, productType: options.precision.elementType)
    self.parameters = parameters
    model = try withTorchErrors {
      try Model(
        detector: type, detectorConfiguration: options.detectorConfiguration, backbone: backbone,
        weights: weights, joiningEvidence: options.joinsEvidence(to: backbone), height: size.height,
        width: size.width, tile: options.tile,
        embeddingBackbone: options.embedsBackbone, precision: options.precision, parameters: parameters)
    }
    model.configuration.maximumPixels = options.maximumPixels
    model.configuration.operatingPoint = options.operatingPoint
    model.configuration.sampleRange = options.sampleRange
    model.configuration.regionOfInterest = options.regionOfInterest
    model.configuration.scoreShare = backbone.scoreShare
    let schedule = options.schedule ?? (type as? any GradientFitted.Type)?.schedule
    try schedule?.check()
    record = TrainingRecord(
      date: "", data: path, format: dataset.format.rawValue, category: dataset.name, heldOut: options.heldOut,
      trainingPictures: training.count, heldOutPictures: heldOut.count, fingerprint: "", seed: options.seed,
      schedule: schedule, selection: options.selection, progress: TrainingProgress(), finished: false,
      machine: .current(options.device), size: options.size?.description, precision: options.precision,
      featurePrecision: options.featurePrecision, backboneHash: model.configuration.backboneHash,
      tuning: try Self.tuning(options, backbone), lights: try options.lights(for: backbone),
      joinsEvidence: options.joinsEvidence(to: backbone))
  }

  /// Goes on with the training that a model file holds, with the choices that were made when it began.
  /// - Throws: ``ModelFileError`` when the training is finished or cannot be resumed.
  public init(
    resuming path: String, _ dataset: (TrainingRecord) throws -> Dataset, options: TrainingOptions,
    report: @escaping (Event) -> Void
  ) throws {
    let output = path
    let path = Self.unfinished(output) ?? output
    let file = try SafeTensors.read(path)
    destination = try OutputDestination(output)
    try destination.check(replacing: options.replacement)
    var reading = ModelReading(detectors: options.detectors)
    (reading.backbones, reading.weights, reading.device) = (
      options.backbones, options.weights, options.device
    )
    reading.maximumPixels = options.maximumPixels
    (model, parameters) = try Model.building(path) {
      try Model.read(file, path: path, reading) { $0.trainingRecord?.precision ?? options.precision }
    }
    guard let record = model.configuration.trainingRecord, !record.finished else {
      throw ModelFileError(path: path, problem: .finished)
    }
    do {
      try record.schedule?.check()
      try Self.check(heldOut: record.heldOut)
      try record.tuning?.options.check()
      try record.tuning?.schedule.check()
    } catch {
      throw ModelFileError(path: path, problem: .notResumable(error))
    }
    self.record = record
    var options = options
    options.detector = model.configuration.detector
    options.backbone = model.configuration.backbone
    options.seed = record.seed
    options.heldOut = record.heldOut
    options.selection = record.selection
    options.featurePrecision = record.featurePrecision
    let dataset = try dataset(record)
    (training, heldOut) = try Self.split(dataset, at: record.data, options: options, report: report)
    test = dataset.test
    self.output = output
    unfinished = path
    self.options = options
    self.report = report
    resuming = (record.progress, file.tensors)
    isSaved = true
  }

  /// The file that holds an unfinished training into a model's file; nil where there is none.
  public static func unfinished(_ output: String) -> String? {
    let beside = output + ".unfinished"
    if FileManager.default.fileExists(atPath: beside) { return beside }
    return (try? Model.configuration(ofFile: output))?.isFinished == false ? output : nil
  }

  /// An unfinished training is a model and lies where the model will, but not in the place of a finished one: that is of
  /// use until the new one is finished.
  private static func place(ofUnfinished output: String) -> String {
    unfinished(output) ?? (FileManager.default.fileExists(atPath: output) ? output + ".unfinished" : output)
  }

  /// Trains, and writes the model file. Where the task is cancelled, the file is written so that the training can be
  /// resumed.
  /// - Throws: `UnreadablePictures` where more pictures cannot be read than may be left out;
  ///   ``TrainingError/diverged(step:learningRate:)``.
  public func run() throws -> TrainingOutcome {
    let cache = makeCache()
    do {
      let (pictures, tuned) = try readPictures(cache)
      try tune(on: tuned)
      try whiten(on: pictures)
      let memory = availableMemory() / 2
      let trained = try features(
        pictures, Array(training.indices), versions: record.lights ?? 1, cache, memory)
      let held =
        try heldOut.isEmpty
        ? nil
        : features(
          pictures, Array(training.count..<pictures.count), versions: 1, cache, memory - trained.bytesInMemory
        )
      // What the backbone needed is of no use to the detector.
      Torch.releaseFreedMemory()
      guard try fit(to: trained, held) == .finished else { return .stopped }
      // Nor is what the detector needed to the backbone.
      Torch.releaseFreedMemory()
      model.configuration.background = try learnBackground(trained, held)
      try write(finished: true)
      return .finished
    } catch is CancellationError {
      // A training that goes on has its checkpoint; a new one leaves its start.
      if !isSaved { try write(finished: false) }
      return .stopped
    }
  }

  /// The cache that was asked for. Where its folder cannot be made, the training goes on without one.
  private func makeCache() -> FeatureCache? {
    guard options.cacheLimit > 0 else { return nil }
    do {
      return try FeatureCache(
        folder: options.cacheFolder ?? FeatureCache.standardFolder, limit: options.cacheLimit)
    } catch {
      report(.note("features are not kept on disk for later trainings: \(error)"))
      return nil
    }
  }

  /// What the calibrated test learns from the pictures that are held out; where they are too few or too much alike, from
  /// those that were trained on. A detector that has another test does without where that cannot be learnt either: no
  /// training is lost for it.
  private func learnBackground(
    _ trained: TrainingFeatures, _ held: TrainingFeatures?
  ) throws -> LearntBackground? {
    if let held {
      do {
        return try model.learnBackground(from: held, source: .heldOut)
      } catch let error as AContrarioError where error.isOfThePictures {
        report(.note("the held-out pictures do not make a calibration: \(error)"))
      }
    }
    do {
      return try model.learnBackground(from: trained, source: .training)
    } catch let error as AContrarioError
      where error.isOfThePictures && type(of: model.detector).responseIsStandardNormal
    {
      report(.note("the model has no calibration, and the published test decides: \(error)"))
      return nil
    }
  }

  /// Reads all pictures once, and checks that they are those of a training that goes on.
  /// - Returns: the pictures as the detector's backbone sees them, and as it is tuned on them.
  private func readPictures(
    _ cache: FeatureCache?
  ) throws -> (seen: TrainingPictures, tuned: TrainingPictures) {
    let all = training + heldOut
    let isTuned = record.tuning?.outcome == .unfinished
    var ways = [model.configuration.preprocessor]
    if isTuned, tuningPreprocessor != ways[0] { ways.append(tuningPreprocessor) }
    // Pictures whose features lie on disk need not be decoded, unless the backbone is still to change.
    let known = try isTuned || isUnwhitened ? [] : cache?.fileNames ?? []
    let network = model.featureIdentity(options.featurePrecision)
    let read = try TrainingPictures.read(
      all.map(\.path), ways, memoryLimit: availableMemory() / 4,
      isNeeded: { !known.contains(FeatureCache.Key(network: network, picture: $0).fileName) },
      progress: { report(.reading(done: $0, of: all.count)) })
    let pictures = (seen: read[0], tuned: read[read.count - 1])
    let fingerprint = BlemishTraining.fingerprint(of: all, hashes: pictures.seen.askedHashes)
    guard resuming == nil || record.fingerprint.isEmpty || fingerprint == record.fingerprint else {
      throw TrainingError.otherPictures(path: unfinished)
    }
    leaveOut(pictures.seen.unreadable)
    try checkContents(pictures.seen.hashes)
    record.fingerprint = fingerprint
    (record.trainingPictures, record.heldOutPictures) = (training.count, heldOut.count)
    model.configuration.trainingTraits = TrainingTraits(pictures.seen.traits)
    return pictures
  }

  /// Goes on without pictures that cannot be read, and names them.
  private func leaveOut(_ unreadable: UnreadablePictures) {
    for note in unreadable.notes { report(.note(note)) }
    let paths = Set(unreadable.pictures.map(\.path))
    for samples in [\TrainingSession.training, \.heldOut, \.test] {
      self[keyPath: samples].removeAll { paths.contains($0.path) }
    }
  }

  /// Checks that the pictures differ: of what is the same to the bit, nothing is learnt. Says how far promises can be
  /// relied on that rest on few of them.
  private func checkContents(_ hashes: [[UInt8]]) throws {
    let distinct = Set(hashes).count
    guard distinct >= Self.leastPictures else {
      throw TrainingError.tooFewPictures(
        path: record.data, count: hashes.count, distinct: distinct, least: Self.leastPictures)
    }
    let held = Set(hashes[training.count...]).count
    guard heldOut.isEmpty || held >= CalibratedTest.leastPictures else {
      throw TrainingError.tooFewHeldOut(
        path: record.data, count: heldOut.count, distinct: held, least: CalibratedTest.leastPictures)
    }
    let judged = heldOut.isEmpty ? distinct : held
    if judged < LearntBackground.comfortablePictures {
      report(.note(LearntBackground.smallNumberCaution(pictures: judged)))
    }
  }

  /// Below so many good pictures of different content there is no training.
  public static let leastPictures = 5

  private func features(
    _ pictures: TrainingPictures, _ indices: [Int], versions: Int, _ cache: FeatureCache?, _ memory: Int
  ) throws -> TrainingFeatures {
    try TrainingFeatures(
      of: pictures, indices, versions: versions, model: model, precision: options.featurePrecision,
      cache: cache,
      memoryLimit: memory, note: { report(.note($0)) }
    ) { report(.features(done: (indices.first ?? 0) + $0, of: pictures.count)) }
  }

  /// Fits the detector in the way that it says.
  private func fit(to pictures: TrainingFeatures, _ held: TrainingFeatures?) throws -> TrainingOutcome {
    switch model.detector {
    case let detector as any GradientFitted: return try train(detector, on: pictures, held)
    case let detector as any OnePassFitted: return try fit(type(of: detector), to: pictures)
    default: throw DetectorError.unknownFit(detector: model.configuration.detector)
    }
  }

  /// Fits a detector by one look at the features.
  private func fit(_ type: any OnePassFitted.Type, to pictures: TrainingFeatures) throws -> TrainingOutcome {
    let clock = ContinuousClock.now
    let (detector, tensors) = try type.fitted(
      to: pictures, features: model.features, json: model.configuration.detectorConfiguration,
      seed: record.seed, device: model.device, productType: record.precision.elementType
    ) { report(.fitting($0)) }
    model = model.replacingDetector(detector, tensors)
    record.progress.seconds = (ContinuousClock.now - clock) / .seconds(1)
    return .finished
  }

  /// Trains a detector by gradient steps, and gives the model the weights that are kept.
  private func train(
    _ detector: any GradientFitted, on pictures: TrainingFeatures, _ held: TrainingFeatures?
  ) throws -> TrainingOutcome {
    let trainer = try withTorchErrors {
      Trainer(
        model: model, detector, parameters, pictures: pictures, heldOut: held,
        schedule: record.schedule ?? type(of: detector).schedule, seed: record.seed,
        selection: record.selection,
        testAUROC: { [self, model] in
          let (auroc, unreadable) = try model.pixelAUROC(on: test)
          leaveOut(unreadable)
          return auroc
        })
    }
    if let resuming, resuming.progress.step != 0 {
      do {
        try trainer.resume(resuming.progress, tensors: resuming.tensors)
      } catch {
        throw ModelFileError(path: output, problem: .notResumable(error))
      }
    }
    var log = try options.tensorBoard.map {
      try TensorBoardLog(
        folder: $0, model: model, pictures: heldOut.isEmpty ? training : heldOut, step: trainer.progress.step)
    }
    let outcome = try trainer.run(
      checkpointInterval: options.checkpointInterval,
      checkpoint: {
        record.progress = trainer.progress
        try write(
          finished: false, stateDict: trainer.keptStateDict, extra: trainer.checkpointTensors())
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
    record.progress = trainer.progress
    if outcome == .finished {
      // The calibration is still to come: a training that is stopped there goes on with it.
      try write(finished: false, stateDict: trainer.keptStateDict, extra: trainer.checkpointTensors())
      try trainer.restoreKept()
    }
    return outcome
  }

  /// Writes the model as far as it is trained, and where the training stands.
  func write(
    finished: Bool, stateDict: [String: StoredTensor]? = nil, extra: [String: StoredTensor] = [:]
  ) throws {
    record.finished = finished
    record.date = ISO8601DateFormatter().string(from: Date())
    model.configuration.trainingRecord = record
    isSaved = true
    guard destination != .nowhere else { return }
    try model.write(
      to: finished ? output : unfinished, stateDict: stateDict, extra: extra, replacing: options.replacement)
    if finished && unfinished != output { try? FileManager.default.removeItem(atPath: unfinished) }
  }

  // MARK: Choices

  static func split(
    _ dataset: Dataset, at path: String, options: TrainingOptions, report: (Event) -> Void
  ) throws -> (training: [Sample], heldOut: [Sample]) {
    try check(heldOut: options.heldOut)
    for warning in dataset.warnings.prefix(20) { report(.note("\(warning)")) }
    var dataset = dataset
    dataset.train.removeAll(where: \.isAnomalous)
    guard !dataset.train.isEmpty else {
      throw TrainingError.noPictures(path: path, format: dataset.format.rawValue)
    }
    if options.selection == .testAUROC {
      guard dataset.test.contains(where: \.isAnomalous) else {
        throw TrainingError.noMasks(path: path)
      }
      report(
        .note("the epoch is chosen by the test set, as the published code does: its figures are optimistic"))
    }
    let validation = dataset.validation.filter { !$0.isAnomalous }
    if !validation.isEmpty && options.heldOut > 0 { return (dataset.train, validation) }
    var split = dataset.holdOut(fraction: options.heldOut, seed: options.seed)
    let least = CalibratedTest.leastPictures
    if 1..<least ~= split.heldOut.count, dataset.train.count >= leastPictures {
      // From so few nothing can be learnt of how good pictures differ.
      let enough = Double(least) / Double(dataset.train.count)
      split = dataset.holdOut(fraction: enough, seed: options.seed)
    }
    guard !split.heldOut.isEmpty, !split.train.isEmpty else {
      if options.selection == .likelihood {
        report(.note("no good pictures are held out, so the last epoch is kept"))
      }
      return (dataset.train, [])
    }
    return (split.train, split.heldOut)
  }

  package static func check(heldOut: Double) throws {
    guard (0..<1).contains(heldOut) else {
      throw TrainingError.heldOut(heldOut)
    }
  }

  /// The shapes of the pictures that can be read.
  private static func shapes(of samples: [Sample]) throws -> [(width: Int, height: Int)] {
    var unreadable = UnreadablePictures(of: samples.count)
    var shapes: [(width: Int, height: Int)] = []
    for sample in samples {
      do {
        shapes.append(try Picture.dimensions(ofFile: sample.path))
      } catch {
        try unreadable.add(sample.path, error)
      }
    }
    return shapes
  }

  private static func size(
    _ options: TrainingOptions, _ type: any Detector.Type, _ backbone: BackboneDescription,
    training: [Sample], report: (Event) -> Void
  ) throws -> (height: Int, width: Int) {
    var multiple = PictureSize.multiple(for: backbone, tiled: options.tile != nil)
    if options.joinsEvidence(to: backbone) {
      // The least that both backbones can see.
      let other = PictureSize.multiple(for: try embedded(options), tiled: options.tile != nil)
      while multiple % other != 0 {
        multiple += PictureSize.multiple(for: backbone, tiled: options.tile != nil)
      }
    }
    func rounded(_ side: Double) -> Int { max(Int((side / Double(multiple)).rounded()), 1) * multiple }
    let standard: RequestedSize =
      options.tile == nil ? .side(type.preparation.size ?? backbone.defaultSize) : .own
    switch options.size ?? standard {
    case .own:
      let shapes = try Self.shapes(of: training)
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
      let shapes = try Self.shapes(of: training)
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

extension AContrarioError {
  /// Whether other pictures, or more of them, would help; what is no number is no picture's fault.
  fileprivate var isOfThePictures: Bool {
    switch self {
    case .tooFewPictures, .identicalPictures, .noVariation, .tooFewRegions, .equalHeights: true
    default: false
    }
  }
}
