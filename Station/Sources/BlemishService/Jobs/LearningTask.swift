import Blemish
import BlemishDatasets
import BlemishTraining
import Foundation

/// What a job is to do, and what comes of it: read and written in JSON by the station and by the process that does it.
public struct LearningTask: Codable, Sendable {
  /// What is learnt anew.
  public enum Kind: String, Codable, Sendable {
    /// What the promise of false alarms rests on.
    case recalibrate
    /// The model.
    case retrain
  }

  /// A picture that people reviewed.
  public struct Reviewed: Codable, Sendable {
    var path: String
    var label: Label
  }

  /// How a model does on reviewed pictures.
  public struct Outcome: Codable, Sendable, Equatable {
    /// Good pictures that are stopped.
    var falseAlarms = 0
    /// Anomalous ones that pass.
    var missed = 0

    enum CodingKeys: String, CodingKey {
      case missed
      case falseAlarms = "false_alarms"
    }
  }

  /// Both models on the same pictures, none of which the new one was made from.
  public struct Comparison: Codable, Sendable, Equatable {
    var pictures: Int
    var good: Int
    var before: Outcome
    var after: Outcome
  }

  /// What is told on the way, a line each.
  public struct Progress: Codable, Sendable {
    var share: Double?
    var message: String?
    var comparison: Comparison?
    var error: String?

    /// Why the job has failed.
    public init(error: String) { self.error = error }

    init(share: Double? = nil, message: String? = nil, comparison: Comparison? = nil) {
      (self.share, self.message, self.comparison) = (share, message, comparison)
    }
  }

  var kind: Kind
  /// The model that is in service.
  var model: String
  /// Where the new one goes.
  var output: String
  /// Good pictures to learn from.
  var learnt: [String]
  /// Pictures to compare on.
  var compared: [Reviewed]
  var falseAlarms: Double?
  var maximumPixels: Int
  /// How often a training sees each picture; nil for the detector's and backbone's way.
  var epochs: Int?

  /// Does it.
  /// - Parameter report: called with what is to be told.
  /// - Throws: what the library throws.
  public func run(_ report: @escaping (Progress) -> Void) throws {
    var reading = ModelReading(detectors: .standard)
    reading.maximumPixels = maximumPixels
    let before = try Model(contentsOf: model, reading)
    switch kind {
    case .recalibrate:
      let after = try before.recalibrated(on: learnt) { done in
        report(
          Progress(share: Double(done) / Double(learnt.count), message: "\(done) of \(learnt.count) pictures")
        )
      }
      try after.write(to: output)
    case .retrain: try retrain(as: before, report)
    }
    report(Progress(share: 1, message: "comparing"))
    let after = try Model(contentsOf: output, reading)
    let comparison = Comparison(
      pictures: compared.count, good: compared.count { $0.label == .good }, before: try outcome(of: before),
      after: try outcome(of: after))
    report(Progress(share: 1, comparison: comparison))
  }

  private func retrain(as former: Model, _ report: @escaping (Progress) -> Void) throws {
    let configuration = former.configuration
    var options = TrainingOptions()
    options.detector = configuration.detector
    options.backbone = configuration.backbone
    options.weights = configuration.embedsBackbone ? [] : configuration.backboneFiles
    options.tile = configuration.tile
    options.size = .exact(height: configuration.height, width: configuration.width)
    options.maximumPixels = maximumPixels
    try options.apply([PublishedSettings(epochs: epochs)])
    let samples = learnt.map { Sample(path: $0, name: $0, split: .train) }
    let session = try TrainingSession(
      Dataset(name: "reviewed", format: .auto, samples: samples), at: "reviewed", output: output,
      options: options
    ) { event in
      switch event {
      case .note(let text): report(Progress(message: text))
      case .reading(let done, let all): report(Progress(share: 0, message: "read \(done) of \(all) pictures"))
      case .tuning: report(Progress(message: "tuning the backbone"))
      case .features(let done, let all): report(Progress(message: "features of \(done) of \(all) pictures"))
      case .step(let step):
        let done = Double(step.progress.step)
        report(Progress(share: done / max(done + Double(step.remainingSteps), 1), message: "training"))
      case .fitting(let share): report(Progress(share: share, message: "fitting"))
      }
    }
    _ = try session.run()
  }

  private func outcome(of model: Model) throws -> Outcome {
    var options = InspectionOptions()
    options.falseAlarms = falseAlarms ?? options.falseAlarms
    var outcome = Outcome()
    let labels = compared.map(\.label)
    try model.inspectEach(contentsOf: compared.map(\.path), options: options) { _, inspection in
      (try? inspection.get()).map { $0.verdict == .anomalous }
    } inOrder: { index, isAnomalous in
      guard let isAnomalous else { return }
      if isAnomalous && labels[index] == .good { outcome.falseAlarms += 1 }
      if !isAnomalous && labels[index] == .anomalous { outcome.missed += 1 }
    }
    return outcome
  }
}
