import BlemishFiles
import BlemishSupport
import BlemishTorch
import Foundation

/// A pretraining from a configuration to a file of weights.
///
/// While it runs, `OUTPUT.checkpoint` holds all that is needed to go on.
public final class PretrainingSession {
  /// Every number of the run.
  public let configuration: PretrainingConfiguration
  private let output: String
  private let destination: OutputDestination
  private let force: Bool
  private let device: Device
  private let earlier: [PretrainingRecord]?
  let trainer: SegmenterTrainer

  /// The file that an unfinished run can be resumed from.
  public static func checkpointPath(_ output: String) -> String { output + ".checkpoint" }

  private static let checkpointKey = "blemish.pretraining.checkpoint"

  private struct Checkpoint: Codable {
    var configuration: PretrainingConfiguration
    var progress: SegmenterTrainer.Progress
    var earlier: [PretrainingRecord]?
  }

  /// A new run.
  /// - Parameter weights: a file of an earlier run, to begin with its weights; nil to begin with random ones.
  /// - Throws: ``PretrainingError`` when a run in the same place is not finished, nothing can be written, or the
  ///   weights are not of a run of the same network on other pictures.
  public init(
    _ configuration: PretrainingConfiguration, startingFrom weights: String? = nil, output: String,
    device: Device, replacesForeignFiles: Bool = false
  ) throws {
    try configuration.check()
    force = replacesForeignFiles
    destination = try OutputDestination(output)
    try Self.check(destination, force)
    guard (output as NSString).pathExtension.lowercased() != "json" else {
      throw PretrainingError.recordPath(output)
    }
    let checkpoint = Self.checkpointPath(output)
    guard !FileManager.default.fileExists(atPath: checkpoint) else {
      throw TrainingError.unfinished(path: checkpoint)
    }
    self.configuration = configuration
    self.output = output
    self.device = device
    let productType = configuration.precision.elementType
    let parameters: Parameters
    if let weights {
      let (tensors, records) = try Self.finishedRun(weights, before: configuration)
      parameters = Parameters(tensors, device: device, productType: productType)
      earlier = records
    } else {
      parameters = Parameters(seed: configuration.seed, device: device, productType: productType)
      earlier = nil
    }
    trainer = try Self.trainer(configuration, parameters)
  }

  /// The weights of a finished run, with its record and those of the runs before it.
  private static func finishedRun(
    _ path: String, before configuration: PretrainingConfiguration
  ) throws -> ([String: StoredTensor], [PretrainingRecord]) {
    let file = try SafeTensors.read(path)
    guard let json = file.metadata[PretrainingRecord.metadataKey],
      let last = try? JSONDecoder().decode(PretrainingRecord.self, from: Data(json.utf8))
    else {
      throw PretrainingError.noRecord(path: path)
    }
    var alone = last
    alone.earlier = nil
    let records = (last.earlier ?? []) + [alone]
    guard last.configuration.network == configuration.network else {
      throw PretrainingError.otherNetwork(path: path)
    }
    let seen = Set(records.map(\.configuration.seed))
    for (name, seed) in [("seed", configuration.seed), ("validation.seed", configuration.validation.seed)]
    where seen.contains(seed) {
      throw PretrainingError.usedSeed(path: path, seed: seed, name: name)
    }
    return (file.tensors, records)
  }

  /// Goes on with an unfinished run.
  /// - Parameter configuration: must be the run's own where it is given.
  /// - Throws: an error that names the checkpoint when it is missing, damaged or of another configuration.
  public init(
    resuming output: String, _ configuration: PretrainingConfiguration?, device: Device,
    replacesForeignFiles: Bool = false
  ) throws {
    let path = Self.checkpointPath(output)
    guard FileManager.default.fileExists(atPath: path) else {
      throw PretrainingError.nothingToResume(path: path)
    }
    let file = try SafeTensors.read(path)
    force = replacesForeignFiles
    destination = try OutputDestination(output)
    try Self.check(destination, force)
    do {
      guard let json = file.metadata[Self.checkpointKey] else {
        throw PretrainingError.notACheckpoint
      }
      let checkpoint = try JSONDecoder().decode(Checkpoint.self, from: Data(json.utf8))
      try checkpoint.configuration.check()
      if let configuration, configuration != checkpoint.configuration {
        throw PretrainingError.otherConfiguration
      }
      self.configuration = checkpoint.configuration
      self.output = output
      self.device = device
      earlier = checkpoint.earlier
      trainer = try Self.trainer(
        checkpoint.configuration,
        Parameters(
          file.tensors, device: device, productType: checkpoint.configuration.precision.elementType))
      try trainer.resume(checkpoint.progress, optimizerTensors: file.tensors)
    } catch let error as DecodingError {
      throw PretrainingError.within(
        "\(printable(path)): cannot be resumed: ", PretrainingError.syntax(error.summary))
    } catch {
      throw PretrainingError.within("\(printable(path)): cannot be resumed: ", error)
    }
  }

  /// The kinds of files that are written.
  private static let weightsKind = OwnFile.safetensors("weights", metadataKey: PretrainingRecord.metadataKey)
  private static let checkpointKind = OwnFile.safetensors("a checkpoint", metadataKey: checkpointKey)
  private static let recordKind = OwnFile.text("a record", beginningWith: ["{\n  \"configuration\""])

  /// Checks that the weights, their record and the checkpoint can be written.
  private static func check(_ destination: OutputDestination, _ force: Bool) throws {
    try destination.check(replacing: .own([weightsKind], force: force))
    guard let path = destination.path else { return }
    try AtomicFile.check(checkpointPath(path), replacing: .own([checkpointKind], force: force))
    try AtomicFile.check(recordPath(path), replacing: .own([recordKind], force: force))
  }

  private static func recordPath(_ output: String) -> String {
    (output as NSString).deletingPathExtension + ".json"
  }

  private static func trainer(
    _ configuration: PretrainingConfiguration, _ parameters: Parameters
  ) throws -> SegmenterTrainer {
    try withTorchErrors {
      try SegmenterTrainer(
        parameters: parameters, architecture: configuration.network,
        source: GeneratedDefects(
          pictures: configuration.pictures, defects: configuration.defects, side: configuration.side,
          seed: configuration.seed),
        schedule: configuration.training)
    }
  }

  /// Trains, and writes the weights with their record when the last step is done.
  /// - Returns: the record; nil when the task was cancelled.
  /// - Throws: ``SegmenterDiverged``; an error that names a file that cannot be written.
  public func run(
    threads: Int = LabelledBatchLoader.standardThreads, checkpointInterval: Double = 300,
    report: (SegmenterTrainer.Report) -> Void
  ) throws -> PretrainingRecord? {
    let outcome = try trainer.run(
      threads: threads, checkpointInterval: checkpointInterval,
      checkpoint: writeCheckpoint, report: report)
    guard outcome == .finished else { return nil }
    let record = try writeWeights()
    try? FileManager.default.removeItem(atPath: Self.checkpointPath(output))
    return record
  }

  private func writeCheckpoint() throws {
    guard destination != .nowhere else { return }
    let checkpoint = Checkpoint(configuration: configuration, progress: trainer.progress, earlier: earlier)
    let json = try stableJSON(checkpoint)
    let tensors = trainer.parameters.stateDict().merging(trainer.optimizerTensors()) { $1 }
    try SafeTensors.write(
      WeightFile(tensors: tensors, metadata: [Self.checkpointKey: json]), to: Self.checkpointPath(output),
      replacing: .own([Self.checkpointKind], force: force))
  }

  private func writeWeights() throws -> PretrainingRecord {
    let weights = halved(trainer.parameters.stateDict())
    let (loss, dice) = try SegmenterValidation.measure(
      weights, configuration.validationPictures, count: configuration.validation.pictures,
      schedule: configuration.training, device: device)
    let record = PretrainingRecord(
      configuration: configuration, steps: trainer.progress.step,
      pictures: trainer.progress.step * configuration.training.batch, seconds: trainer.progress.seconds,
      validationLoss: loss, validationDice: dice, machine: .current(device),
      date: ISO8601DateFormatter().string(from: Date()), earlier: earlier)
    guard destination != .nowhere else { return record }
    let encoder = JSONEncoder.stable
    let json = String(decoding: try encoder.encode(record), as: UTF8.self)
    try SafeTensors.write(
      WeightFile(tensors: weights, metadata: [PretrainingRecord.metadataKey: json, "format": "pt"]),
      to: output, replacing: .own([Self.weightsKind], force: force))
    encoder.outputFormatting.insert(.prettyPrinted)
    try writeText(
      String(decoding: try encoder.encode(record), as: UTF8.self) + "\n",
      to: Self.recordPath(output), replacing: .own([Self.recordKind], force: force))
    return record
  }
}

extension PretrainingConfiguration {
  /// The pictures that are not trained on.
  var validationPictures: GeneratedDefects {
    GeneratedDefects(pictures: pictures, defects: defects, side: side, seed: validation.seed)
  }
}

/// Weights with their matrices in 16 bits. Vectors stay as they are: they are small, and a running variance may be
/// too small for a half-precision exponent.
func halved(_ tensors: [String: StoredTensor]) -> [String: StoredTensor] {
  tensors.mapValues { $0.shape.count > 1 ? Tensor($0).to(.float16).stored : $0 }
}
