@testable import BlemishDetectors
@testable import BlemishTraining
import BlemishBackbones
import BlemishFiles
import BlemishImaging
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore

@Suite("Model files") struct ModelFileTests {
  /// A small model as its file holds it, with the record of a training.
  private let file: WeightFile
  private let json: String

  init() throws {
    let path = NSTemporaryDirectory() + "/blemish-model-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Self.model().write(to: path)
    let read = try SafeTensors.read(path)
    // The file is gone when this returns; its memory stays mapped.
    file = read
    json = try #require(read.metadata["blemish"])
  }

  private static func model(_ detector: any Detector.Type = UFlow.self) throws -> Model {
    var model = try Model(
      detector: detector,
      backbone: BackboneCatalogue.standard.named("seeded"),
      weights: [],
      height: 32,
      width: 32,
      parameters: Parameters(seed: 7)
    )
    var progress = TrainingProgress()
    progress.step = 3
    progress.epochs = [EpochRecord(epoch: 1, loss: 0.25, heldOutLoss: 0.5, learningRate: 1e-3)]
    progress.keptEpoch = 1
    progress.keptMerit = -0.1
    model.configuration.trainingRecord = TrainingRecord(
      date: "2026-01-01T00:00:00Z",
      data: "parts",
      format: "folder",
      category: "a",
      heldOut: 0.1,
      trainingPictures: 9,
      heldOutPictures: 1,
      fingerprint: "0",
      seed: 7,
      schedule: UFlow.schedule,
      selection: .likelihood,
      progress: progress,
      finished: false,
      machine: .current(.cpu),
      precision: .auto,
      featurePrecision: .float16
    )
    return model
  }

  @Test func keepEveryBitAndEveryWord() throws {
    let model = try Self.model()
    let read = try Model.read(file, path: "x", ModelReading()).model
    var configuration = read.configuration
    #expect(configuration.file?.sha256?.count == 64)
    // Which file it was read from is not in the file.
    configuration.file = nil
    #expect(configuration == model.configuration)
    #expect(read.detectorTensors.count == model.detectorTensors.count)
    for (name, tensor) in model.detectorTensors {
      #expect(read.detectorTensors[name]?.stored.bytes == tensor.stored.bytes, "\(name)")
    }
    let picture = Picture(
      width: 60,
      height: 40,
      channels: 1,
      samples: .eightBit((0..<2400).map { UInt8($0 % 251) })
    )
    let expected = try model.inspect([model.configuration.preprocessor(picture, from: "p")])[0]
    let found = try read.inspect([read.configuration.preprocessor(picture, from: "p")])[0]
    #expect(found.score == expected.score && found.logNFA == expected.logNFA)
    #expect(found.anomalyMap == expected.anomalyMap)
  }

  /// What is thrown for a configuration with another text in it.
  private func refusal(_ text: String) -> ModelFileError? {
    var changed = file
    changed.metadata["blemish"] = text
    Model.seal(&changed)
    do {
      _ = try Model.read(changed, path: "part.blemish", ModelReading()).model
      return nil
    } catch {
      #expect(error is ModelFileError, "\(error)")
      return error as? ModelFileError
    }
  }

  @Test(arguments: [
    ("\"height\":32", "\"height\":0"), ("\"height\":32", "\"height\":-32"),
    ("\"height\":32", "\"height\":33"),
    ("\"height\":32", "\"height\":9223372036854775807"), ("\"height\":32", "\"height\":-9223372036854775808"),
    ("\"height\":32", "\"height\":1e300"), ("\"height\":32", "\"height\":\"32\""),
    ("\"height\":32", "\"height\":64"), ("\"height\":32", "\"height\":32,\"tile\":0"),
    ("\"height\":32", "\"height\":32,\"tile\":-64"), ("\"height\":32", "\"height\":32,\"tile\":1e300"),
    ("\"mapHeight\":256", "\"mapHeight\":0"), ("\"mapHeight\":256", "\"mapHeight\":9223372036854775807"),
    ("\"mapHeight\":256", "\"mapHeight\":67108864"), ("\"channels\":96", "\"channels\":9223372036854775807"),
    ("\"channels\":96", "\"channels\":-1"), ("\"channels\":96", "\"channels\":0"),
    ("\"filter\":\"", "\"filter\":\"x"), ("\"padding\":\"", "\"padding\":\"x"),
    ("\"backbone\":\"seeded\"", "\"backbone\":\"none\""),
    ("\"backbone\":\"seeded\"", "\"backbone\":\"mcait\""),
    ("\"backbone\":\"seeded\"", "\"backbone\":\"resnet18\""),
    ("\"detector\":\"uflow\"", "\"detector\":\"none\""),
    ("\"detector\":\"uflow\"", "\"detector\":\"msflow\""), ("\"format\":2", "\"format\":3"),
    ("flowSteps\\\":4", "flowSteps\\\":0"), ("flowSteps\\\":4", "flowSteps\\\":-1"),
    ("flowSteps\\\":4", "flowSteps\\\":3"), ("flowSteps\\\":4", "flowSteps\\\":1000000000"),
    ("flowSteps\\\":4", "flowSteps\\\":9223372036854775807"), ("flowSteps\\\":4", "flowSteps\\\":null"),
    ("affineClamp\\\":2", "affineClamp\\\":-2"), ("affineClamp\\\":2", "affineClamp\\\":1e999"),
    ("affineClamp\\\":2", "affineClamp\\\":NaN"), ("affineClamp\\\":2", "affineClamp\\\":0"),
  ])
  func withNumbersAndNamesThatAreNoneAreAnErrorThatNamesTheFile(part: String, replacement: String) throws {
    try #require(json.contains(part))
    let complaint = try #require(refusal(json.replacingOccurrences(of: part, with: replacement)))
    #expect(complaint.path == "part.blemish")
    if case .damaged = complaint.problem { Issue.record("\(complaint)") }
    #expect(complaint.description.count < 500, "\(complaint)")
  }

  @Test(arguments: ["detector", "backbone", "height", "features", "filter", "embedsBackbone"])
  func withoutAnEntryAreAnErrorThatNamesIt(_ key: String) throws {
    var object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    object[key] = nil
    let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    guard case .configuration(let problem)? = refusal(text)?.problem else {
      Issue.record("\(String(describing: refusal(text)))")
      return
    }
    #expect(problem.contains("'\(key)' is missing"))
  }

  @Test func nestedBeyondAllMeasureAreAnError() {
    for text in [
      "", "null", "[]", "{", String(repeating: "[", count: 1_000_000),
      String(repeating: "{\"a\":", count: 500_000),
    ] {
      guard case .configuration? = refusal(text)?.problem else {
        Issue.record("\(String(describing: refusal(text)))")
        continue
      }
    }
  }

  /// The configuration as a file of format 1 has it, over which there is no hash: damage reaches what reads it.
  private var unsealed: String { json.replacingOccurrences(of: "\"format\":2", with: "\"format\":1") }

  /// Values of the configuration replaced by others, one to three at a time: what can be read can be used.
  @Test func manyHostileConfigurationsAreUsedOrRefused() throws {
    var damage = Damage(seed: 5)
    let original = try JSONSerialization.jsonObject(with: Data(unsealed.utf8))
    var used = 0
    for _ in 0..<1000 {
      var value = original
      for _ in 0...damage.below(3) { value = replaced(value, &damage) }
      guard let text = try? JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed) else {
        continue
      }
      var changed = file
      changed.metadata["blemish"] = String(decoding: text, as: UTF8.self)
      guard let model = try? Model.read(changed, path: "x", ModelReading()).model else { continue }
      used += 1
      if used % 10 == 0 { use(model) }
    }
    #expect(used > 30, "\(used)")
  }

  @Test func manyDamagedTextsAreUsedOrRefused() {
    var damage = Damage(seed: 6)
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "-", "e999", "null", "0", "\\u0000", "9223372036854775808",
    ]
    .map { Array($0.utf8) }
    var used = 0
    for _ in 0..<1000 {
      var changed = file
      changed.metadata["blemish"] = String(
        decoding: damage.changed([UInt8](unsealed.utf8), pieces: pieces),
        as: UTF8.self
      )
      guard let model = try? Model.read(changed, path: "x", ModelReading()).model else { continue }
      used += 1
      if used % 10 == 0 { use(model) }
    }
    #expect(used > 20, "\(used)")
  }

  /// Does with a model what the tool does.
  private func use(_ model: Model) {
    guard model.configuration.mapHeight * model.configuration.mapWidth < 1 << 20 else { return }
    let picture = Picture(
      width: 20,
      height: 20,
      channels: 1,
      samples: .eightBit([UInt8](repeating: 9, count: 400))
    )
    _ = try? model.inspect([model.configuration.preprocessor(picture, from: "p")])
    _ = try? JSONEncoder.stable.encode(model.configuration)
    guard let record = model.configuration.trainingRecord, let schedule = record.schedule,
      (try? schedule.check()) != nil
    else { return }
    for step in [0, 5, record.progress.step] {
      _ = schedule.learningRate(step: step, stepsPerEpoch: 3)
    }
  }

  /// A JSON value with one value somewhere in it replaced.
  private func replaced(_ value: Any, _ damage: inout Damage) -> Any {
    if var object = value as? [String: Any], !object.isEmpty, damage.below(12) > 0 {
      let key = object.keys.sorted()[damage.below(object.count)]
      if damage.below(12) == 0 {
        object[key] = nil
      } else if key == "detectorConfiguration", let text = object[key] as? String,
        let inner = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
        let data = try? JSONSerialization.data(
          withJSONObject: replaced(inner, &damage),
          options: .fragmentsAllowed
        )
      {
        object[key] = String(decoding: data, as: UTF8.self)
      } else {
        object[key] = object[key].map { replaced($0, &damage) }
      }
      return object
    }
    if var list = value as? [Any], !list.isEmpty, damage.below(4) > 0 {
      let index = damage.below(list.count)
      switch damage.below(6) {
      case 0: list.remove(at: index)
      case 1: list.append(list[index])
      default: list[index] = replaced(list[index], &damage)
      }
      return list
    }
    let hostile: [Any] = [
      Int.max, Int.min, -1, 0, 1, 7, 16, 1 << 31, 1 << 40, 1e308, -1e308, 1e19, 0.5, 1e-300, "", "x",
      "seeded", "msflow",
      NSNull(), true, [Any](), [String: Any](), [1, 2, 3], String(repeating: "9", count: 400),
    ]
    return hostile[damage.below(hostile.count)]
  }
}
