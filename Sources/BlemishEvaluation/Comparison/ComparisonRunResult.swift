import BlemishBackbones
import BlemishCore
import BlemishSupport
import BlemishTraining
import Foundation

/// What one run of a comparison gave: the content of its JSON file.
public struct ComparisonRunResult: Sendable, Codable, Equatable {
  /// The choices that a result depends on besides the run's own.
  public struct Settings: Sendable, Codable, Equatable {
    /// How it was trained; nil for a detector that is fitted without gradient steps.
    public var schedule: TrainingSchedule?
    /// How the epoch was chosen.
    public var selection: EpochSelection
    /// The part of the good pictures that was held out.
    public var heldOut: Double
    /// The picture size that was asked for.
    public var size: String?
    /// The side of the tiles that pictures were seen in; nil where they were seen whole.
    public var tile: Int?
    /// How the backbone was tuned on good pictures; nil where it was not.
    public var tuning: TuningOptions?
    /// The samples that are black and white, where it had to be said.
    public var sampleRange: ClosedRange<Double>?
    /// With what numbers backbone and flow computed.
    public var precision: Precision
    /// The numbers in which features waited for the flow.
    public var featurePrecision: FeaturePrecision
    /// A hash over the weights that the backbone began with; nil where they are drawn.
    public var backboneHash: String?
    /// Which a contrario test decided, and how strictly.
    public var inspection: InspectionOptions
    /// In how many lights every training picture was seen; nil for once, as it is.
    public var lights: Int?

    private enum CodingKeys: String, CodingKey {
      case schedule, selection, heldOut, size, tile, sampleRange, precision, featurePrecision, backboneHash,
        inspection, lights
      case tuning = "adaptation"
    }

    /// What is asked for.
    init(_ options: TrainingOptions, backboneHash: String?, _ inspection: InspectionOptions) throws {
      let backbone = try options.backbones.named(options.backbone)
      let count = try options.lights(for: backbone)
      lights = count > 1 ? count : nil
      schedule = options.schedule
      self.inspection = inspection
      selection = options.selection
      tuning = try options.chosenTuning(backbone)
      heldOut = options.heldOut
      tile = options.tile
      sampleRange = options.sampleRange
      size = options.size?.description
      precision = options.precision
      featurePrecision = options.featurePrecision
      self.backboneHash = backboneHash
    }

    /// What a model was trained with.
    init(
      _ record: TrainingRecord, tile: Int?, sampleRange: ClosedRange<Double>?, _ inspection: InspectionOptions
    ) {
      (self.tile, self.sampleRange) = (tile, sampleRange)
      self.inspection = inspection
      (schedule, selection) = (record.schedule, record.selection)
      (heldOut, size) = (record.heldOut, record.size)
      tuning = record.tuning?.options
      (precision, featurePrecision) = (record.precision, record.featurePrecision)
      backboneHash = record.backboneHash
      lights = record.lights.flatMap { $0 > 1 ? $0 : nil }
    }
  }

  /// What was trained on what.
  public var run: ComparisonRun
  /// How.
  public var settings: Settings
  /// The layout of the data.
  public var format: String
  /// The figures.
  public var evaluation: EvaluationSummary
  /// The training's own record: loss curve, fingerprint, machine.
  public var training: TrainingRecord
  /// A hash over the test pictures' names and contents.
  public var testFingerprint: String
  /// The machine of the evaluation.
  public var machine: Machine
  /// When, in ISO 8601.
  public var date: String

  /// Reads a result.
  /// - Returns: nil where there is no file.
  /// - Throws: an error that names the file.
  static func read(_ path: String) throws -> ComparisonRunResult? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(Self.self, from: readRegularFile(path))
    } catch {
      throw ComparisonError.noResult(path: path, problem: (error as? DecodingError)?.summary ?? "\(error)")
    }
  }

  /// Writes the result whole or not at all.
  /// - Throws: an error that names the file.
  func write(to path: String, replacing: AtomicFile.Replacement) throws {
    let encoder = JSONEncoder.stable
    encoder.outputFormatting.insert(.prettyPrinted)
    try writeText(
      String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: path, replacing: replacing)
  }
}
