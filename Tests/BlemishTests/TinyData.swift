import Datasets
import Foundation

@testable import Blemish

/// A small data set of generated parts and options that train on it in a second.
struct TinyData {
  let path: String
  var options: TrainingOptions

  /// - Parameter materials: one is a data set of its own; several are categories.
  init(folder: String, materials: [PartMaterial] = [.cloth]) throws {
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
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = NSTemporaryDirectory() + "/blemish-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
