import BlemishCore
import BlemishDetectors
import BlemishFiles
import BlemishSupport
import BlemishTraining
import Foundation

/// The readers of what describes models and trainings: YAML files of users, and the metadata of model files.
func modelTargets(corpus: String) throws -> [Target] {
  let settings = try ["settings.yaml", "short.yaml"].map { [UInt8](try readRegularFile("\(corpus)/\($0)")) }
  let pretraining = [UInt8](try readRegularFile("\(corpus)/pretraining.yaml"))
  return [
    Target(name: "settings", seeds: settings) { data in
      guard let file = try? SettingsFile(yaml: data) else { return false }
      return DetectorCatalogue.standard.all.contains { type in
        (type as? any PublishesSettings.Type).map { (try? $0.settings(in: file)) != nil } ?? false
      }
    },
    Target(name: "pretraining", seeds: [pretraining]) { data in
      (try? PretrainingConfiguration(yaml: data)) != nil
    },
    try metadataTarget(
      models: corpus + "/../../BlemishCoreTests/Models",
      ["format2-uflow-calibrated.blemish", "format1-uflow-imported.blemish"]),
  ]
}

/// Models whose tensors are whole and whose description lies: each is built, with the hash that its file would have.
private func metadataTarget(models folder: String, _ names: [String]) throws -> Target {
  let files = try names.map { try SafeTensors.read("\(folder)/\($0)") }
  let tensors = files[0].tensors
  return Target(name: "model", seeds: files.compactMap { $0.metadata["blemish"] }.map { Array($0.utf8) }) {
    data in
    var file = WeightFile(
      tensors: tensors, metadata: ["blemish": String(decoding: data, as: UTF8.self), "format": "pt"])
    Model.seal(&file)
    return (try? Model.building("x") { try Model.read(file, path: "x", ModelReading()).model }) != nil
  }
}
