import BlemishCore
import BlemishTraining
import Foundation

/// The numbers of an evaluation, as `blemish evaluate --json` prints them and ``Comparison`` keeps them.
public struct EvaluationSummary: Sendable, Equatable {
  /// The figures of a group of pictures.
  public struct Group: Sendable, Equatable {
    /// Pictures evaluated, good ones included.
    public var images: Int
    /// Anomalous pictures among them.
    public var anomalousImages: Int
    /// What could be computed.
    public var values: [Measure: Double]
  }

  /// Which test decided, and at which limits.
  public var rule: DecisionRule
  /// Everything together.
  public var overall: Group
  /// Why an overall measure is missing.
  public var unavailable: [Measure: String]
  /// Bootstrap intervals (95%) over pictures, `[lower, upper]`.
  public var intervals: [Measure: [Double]]
  /// Each defect type against all good pictures, by its name.
  public var defectTypes: [String: Group]
  /// False alarms against promised ones.
  public var calibration: CalibrationCurve
  /// The fair threshold of the anomaly map, where it was asked for.
  public var fairThreshold: Float?
  /// How the model's epoch was chosen; where it was on a test set, figures on that set are optimistic. Nil where the model
  /// says nothing of its training.
  public var selection: EpochSelection?
  /// Inspection time of a picture.
  public var secondsPerImage: Double
  /// What the model is worth under disturbances, where that was asked for.
  public var robustness: Robustness?
}

extension EvaluationSummary {
  /// The numbers of an evaluation.
  /// - Parameters:
  ///   - selection: how the model's epoch was chosen.
  ///   - robustness: what the model is worth under disturbances; nil where that was not asked for.
  public init(_ evaluation: Evaluation, selection: EpochSelection?, robustness: Robustness? = nil) {
    self.selection = selection
    self.robustness = robustness
    func group(_ figures: Evaluation.Figures) -> Group {
      Group(
        images: figures.images, anomalousImages: figures.anomalousImages,
        values: figures.measured.compactMapValues(\.value))
    }
    rule = evaluation.rule
    overall = group(evaluation.overall)
    unavailable = evaluation.overall.measured.compactMapValues(\.reason)
    intervals = evaluation.intervals.mapValues { [$0.lowerBound, $0.upperBound] }
    defectTypes = Dictionary(
      evaluation.defectTypes.map { ($0.name, group($0)) }, uniquingKeysWith: { first, _ in first })
    calibration = evaluation.calibration
    fairThreshold = evaluation.fairThreshold
    secondsPerImage = evaluation.secondsPerImage
  }
}

extension EvaluationSummary: Codable {
  private enum CodingKeys: String, CodingKey {
    case unavailable, intervals, calibration, test, limits, robustness
    case defectTypes = "defect_types"
    case fairThreshold = "fair_threshold"
    case selection = "epoch_selection"
    case secondsPerImage = "seconds_per_image"
  }

  /// Reads what ``encode(to:)`` wrote.
  public init(from decoder: any Decoder) throws {
    overall = try Group(from: decoder)
    let values = try decoder.container(keyedBy: CodingKeys.self)
    rule = DecisionRule(
      test: try values.decode(InspectionOptions.Test.self, forKey: .test),
      operatingPoint: try values.decode(OperatingPoint.self, forKey: .limits))
    unavailable = try values.decode([Measure: String].self, forKey: .unavailable)
    intervals = try values.decode([Measure: [Double]].self, forKey: .intervals)
    defectTypes = try values.decode([String: Group].self, forKey: .defectTypes)
    calibration = try values.decode(CalibrationCurve.self, forKey: .calibration)
    fairThreshold = try values.decodeIfPresent(Float.self, forKey: .fairThreshold)
    selection = try values.decodeIfPresent(EpochSelection.self, forKey: .selection)
    secondsPerImage = try values.decode(Double.self, forKey: .secondsPerImage)
    robustness = try values.decodeIfPresent(Robustness.self, forKey: .robustness)
  }

  /// Writes one object: the overall measures beside the rest, null where there is none.
  public func encode(to encoder: any Encoder) throws {
    try overall.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(rule.test, forKey: .test)
    try values.encode(rule.operatingPoint, forKey: .limits)
    try values.encode(unavailable, forKey: .unavailable)
    try values.encode(intervals, forKey: .intervals)
    try values.encode(defectTypes, forKey: .defectTypes)
    try values.encode(calibration, forKey: .calibration)
    try values.encodeIfPresent(fairThreshold, forKey: .fairThreshold)
    try values.encodeIfPresent(selection, forKey: .selection)
    try values.encode(secondsPerImage, forKey: .secondsPerImage)
    try values.encodeIfPresent(robustness, forKey: .robustness)
  }
}

extension EvaluationSummary.Group: Codable {
  private enum CodingKeys: String, CodingKey {
    case images
    case anomalousImages = "anomalous_images"
  }

  /// Reads what ``encode(to:)`` wrote.
  public init(from decoder: any Decoder) throws {
    let counts = try decoder.container(keyedBy: CodingKeys.self)
    images = try counts.decode(Int.self, forKey: .images)
    anomalousImages = try counts.decode(Int.self, forKey: .anomalousImages)
    let measures = try decoder.container(keyedBy: Measure.Key.self)
    values = [:]
    for measure in Measure.allCases {
      values[measure] = try measures.decodeIfPresent(Double.self, forKey: Measure.Key(measure))
    }
  }

  /// Writes an object of counts and measures; null where there is no value.
  public func encode(to encoder: any Encoder) throws {
    var counts = encoder.container(keyedBy: CodingKeys.self)
    try counts.encode(images, forKey: .images)
    try counts.encode(anomalousImages, forKey: .anomalousImages)
    var measures = encoder.container(keyedBy: Measure.Key.self)
    for measure in Measure.allCases { try measures.encode(values[measure], forKey: Measure.Key(measure)) }
  }
}

extension Measure {
  /// A measure's name as a key of JSON.
  fileprivate struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ measure: Measure) { stringValue = measure.rawValue }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
