import BlemishCore
import BlemishDatasets
import BlemishSynthesis
import BlemishTorch
import BlemishTraining
import Foundation

/// Small pictures of a generated material in a folder that goes with the last reference.
package final class TabletPictures {
  package let folder: String
  /// Where the pictures are.
  package var data: String { folder + "/tablet" }

  package init(count: Int = 10) throws {
    folder = NSTemporaryDirectory() + "/blemish-training-" + UUID().uuidString
    try GeneratedParts(
      materials: [.tablet], size: 64, trainingPictures: count, goodTestPictures: 1, picturesPerDefect: 1,
      seed: 2
    ).write(to: folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Options of a training of nine steps: three an epoch.
  package static func options(_ selection: EpochSelection = .likelihood) -> TrainingOptions {
    var options = TrainingOptions()
    options.backbone = "seeded"
    options.size = .side(64)
    options.selection = selection
    options.schedule = TrainingSchedule(
      epochs: 3, batch: 3, learningRate: 2e-3, weightDecay: 1e-5, course: .ramp(end: 0.4))
    return options
  }

  /// A new training into a file of the folder.
  package func session(
    _ output: String, _ options: TrainingOptions, report: @escaping (TrainingSession.Event) -> Void = { _ in }
  ) throws -> TrainingSession {
    try TrainingSession(
      try Dataset.read(data), at: data, output: "\(folder)/\(output)", options: options, report: report)
  }

  /// The training that a file of the folder holds.
  package func resumed(
    _ output: String, report: @escaping (TrainingSession.Event) -> Void = { _ in }
  ) throws -> TrainingSession {
    try TrainingSession(
      resuming: "\(folder)/\(output)", { _ in try Dataset.read(data) }, options: TrainingOptions(),
      report: report)
  }
}
