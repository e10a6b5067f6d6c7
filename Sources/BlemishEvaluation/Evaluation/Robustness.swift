import BlemishCore
import BlemishDatasets
import BlemishImaging
import BlemishMeasures
import BlemishSupport
import BlemishSynthesis
import BlemishTraining

/// What a model is worth where all pictures have a disturbance.
public struct Robustness: Sendable, Codable, Equatable {
  /// What was measured under one disturbance.
  public struct Row: Sendable, Codable, Equatable {
    /// The disturbance; nil for the pictures as they are.
    public var disturbance: Disturbance?
    /// How strong it is; see ``Disturbance/strengths``.
    public var strength: Double?
    /// Area under the ROC curve of the pictures' scores; nil where only good or only anomalous ones are measured.
    public var imageAUROC: Double?
    /// Area under the ROC curve of the pixels' scores, of every fourth row and column; nil without masks.
    public var pixelAUROC: Double?
    /// Regions per good picture that the test calls significant; nil without good pictures.
    public var falseAlarms: Double?

    /// The disturbance and its strength, for tables.
    public var name: String {
      guard let disturbance, let strength else { return "as they are" }
      return "\(disturbance.rawValue) \(strength.formatted())"
    }

    private enum CodingKeys: String, CodingKey {
      case disturbance, strength
      case imageAUROC = "image_auroc"
      case pixelAUROC = "pixel_auroc"
      case falseAlarms = "false_alarms_per_normal_image"
    }
  }

  /// The false alarms per good picture that were accepted.
  public var accepted: Double
  /// Good pictures that were measured.
  public var good: Int
  /// Anomalous pictures that were measured.
  public var anomalous: Int
  /// The pictures as they are, then every disturbance at its three strengths.
  public var rows: [Row]

  private enum CodingKeys: String, CodingKey {
    case good, anomalous, rows
    case accepted = "accepted_false_alarms"
  }
}

extension Model {
  /// Measures the model under every disturbance.
  /// - Parameters:
  ///   - samples: test pictures.
  ///   - options: which test decides, and how strictly.
  ///   - limit: how many good and how many anomalous pictures are measured; of more, some that lie evenly among them.
  ///   - batch: pictures that go through the model at a time.
  ///   - progress: called with the number of rows done, of all.
  /// - Throws: the error of the first picture or mask that cannot be read; `CancellationError` when the task was
  ///   cancelled.
  public func robustness(
    on samples: [Sample], options: InspectionOptions = InspectionOptions(), limit: Int = 100, batch: Int = 4,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> Robustness {
    func some(_ samples: [Sample]) -> [Sample] {
      let count = min(samples.count, limit)
      return (0..<count).map { samples[$0 * samples.count / count] }
    }
    let (good, anomalous) = (
      some(samples.filter { !$0.isAnomalous }), some(samples.filter(\.isAnomalous))
    )
    guard !(good.isEmpty && anomalous.isEmpty) else { throw EvaluationError.noPictures }
    let point = options.rule(for: configuration).operatingPoint
    let ways: [(Disturbance, Double)?] =
      [nil] + Disturbance.allCases.flatMap { kind in kind.strengths.map { (kind, $0) } }
    var rows: [Robustness.Row] = []
    for way in ways {
      rows.append(try measured(good + anomalous, way, options, point.limit, batch))
      progress(rows.count, ways.count)
    }
    return Robustness(
      accepted: point.falseAlarms, good: good.count, anomalous: anomalous.count, rows: rows)
  }

  private func measured(
    _ samples: [Sample], _ way: (kind: Disturbance, strength: Double)?, _ options: InspectionOptions,
    _ limit: Double, _ batch: Int
  ) throws -> Robustness.Row {
    let preprocessor = configuration.preprocessor
    var images: (scores: [Float], truth: [Bool]) = ([], [])
    var pixels: (scores: [Float], truth: [Bool]) = ([], [])
    var (alarms, good, done) = (0, 0, 0)
    try readBatches(
      of: samples.map(\.path), size: configuration.batch(batch),
      { path in
        Result {
          var picture = try Picture(contentsOf: path, options: preprocessor.decoding)
          if let way {
            // Always the same noise on one file.
            var random = SynthesisRandom(seed: path.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
            picture = try way.kind(picture, strength: way.strength, &random)
          }
          return try preprocessor(picture, from: path)
        }
      },
      { frames in
        try Task.checkCancellation()
        for inspection in try inspect(frames.map { try $0.get() }, options: options) {
          let sample = samples[done]
          done += 1
          images.scores.append(Float(inspection.score))
          images.truth.append(sample.isAnomalous)
          if !sample.isAnomalous {
            good += 1
            alarms += inspection.regionLogNFAs.count { $0 < limit }
          }
          let truth = try groundTruth(of: sample, inspection)
          guard sample.isMarked(in: truth), let truth else { continue }
          let map = inspection.anomalyMap
          for y in stride(from: 0, to: map.height, by: 4) {
            for x in stride(from: 0, to: map.width, by: 4) {
              pixels.scores.append(map.values[y * map.width + x])
              pixels.truth.append(sample.isAnomalous && truth.pixels[y * map.width + x])
            }
          }
        }
      })
    return Robustness.Row(
      disturbance: way?.kind, strength: way?.strength,
      imageAUROC: try ImageEvaluation(scores: images.scores, anomalous: images.truth).ranking.auroc.value,
      pixelAUROC: try ImageEvaluation(scores: pixels.scores, anomalous: pixels.truth).ranking.auroc.value,
      falseAlarms: good > 0 ? Double(alarms) / Double(good) : nil)
  }
}
