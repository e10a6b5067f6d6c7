import Blemish
import BlemishDatasets
import BlemishSynthesis
import BlemishTraining
import Foundation

// Trains a detector that Blemish does not know on a few pictures of parts, and hands what it finds in others, and in a
// file that is no picture, to a sink that Blemish does not know.
let folder = NSTemporaryDirectory() + "add-detector-\(UUID().uuidString)"
defer { try? FileManager.default.removeItem(atPath: folder) }
try GeneratedParts(
  materials: [.threadedBolt], size: 64, trainingPictures: 40, goodTestPictures: 4, picturesPerDefect: 1
).write(to: folder)
let data = folder + "/threaded_bolt"
let file = folder + "/bolt.blemish"

let detectors = DetectorCatalogue.standard.adding(MeanDistance.self)
var options = TrainingOptions()
options.detectors = detectors
options.detector = MeanDistance.name
options.backbone = "seeded"
options.size = .side(64)
options.heldOut = 0.5
let dataset = try Dataset.read(data)
let session = try TrainingSession(dataset, at: data, output: file, options: options) { event in
  if case .note(let text) = event { print("note:", text) }
}
guard try session.run() == .finished else { fatalError("the training was stopped") }

do {
  _ = try Model(contentsOf: file)
  fatalError("a model of an unknown detector was read")
} catch {
  print("without the detector in the catalogue:", error)
}
let model = try Model(contentsOf: file, ModelReading(detectors: detectors))
let accepting = InspectionOptions(falseAlarms: 0.1)
let missing = folder + "/missing.png"
var tally = Tally()
try model.inspectEach(contentsOf: dataset.test.map(\.path) + [missing], options: accepting) { _, inspection in
  inspection.flatMap { inspection in Result { try Finding(inspection) } }
} inOrder: { _, found in
  tally.take(found)
}
let defects = Set(dataset.test.filter(\.isAnomalous).map(\.path))
let found = tally.anomalous.intersection(defects).count
let falseAlarms = tally.anomalous.subtracting(defects).count
print("\(found) of \(defects.count) defects found, \(falseAlarms) false alarms, \(tally.errors.count) error")
guard accepting.rule(for: model.configuration).test == .calibrated,
  tally.anomalous.count + tally.good.count == dataset.test.count,
  tally.errors.count == 1
else { fatalError("not every picture came to the sink") }
guard found > defects.count / 2, falseAlarms < dataset.test.count - defects.count else {
  fatalError("the detector does not tell parts with defects from good ones")
}
