import BlemishDetectors
import BlemishSynthesis
import BlemishTraining
import Foundation

/// A small data set of generated parts and options that train on it in a second.
package struct TinyData {
  package let path: String
  package var options: TrainingOptions

  /// - Parameter materials: one is a data set of its own; several are categories.
  package init(folder: String, materials: [PartMaterial] = [.cloth]) throws {
    let parts = folder + "/parts"
    try GeneratedParts(
      materials: materials, size: 64, trainingPictures: 8, goodTestPictures: 3, picturesPerDefect: 1
    ).write(to: parts)
    path = materials.count > 1 ? parts : parts + "/" + materials[0].rawValue
    options = TrainingOptions()
    options.backbone = "seeded"
    options.size = .side(64)
    options.heldOut = 0.25
    options.schedule = UFlow.schedule
    options.schedule?.epochs = 2
    options.schedule?.batch = 4
  }
}

/// Runs the body with a new folder, which goes with it.
package func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = try newFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// Runs the body with a new folder, which goes with it.
package func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = try newFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

private func newFolder() throws -> String {
  let folder = NSTemporaryDirectory() + "/blemish-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  return folder
}
