import Backbones
import Foundation
import Imaging
import Testing
import Torch

@testable import Blemish

@Suite("Model files", .serialized) struct ModelFileTests {
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

  private static func model(_ detector: any DetectorType.Type = UFlow.self) throws -> Model {
    var model = try Model(
      detector: detector,
      backbone: BackboneCatalogue.named("seeded"),
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
    model.configuration.training = TrainingRecord(
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
    let read = try Model(file, path: "x", device: .cpu)
    #expect(read.configuration == model.configuration)
    #expect(read.parameters.all.count == model.parameters.all.count)
    for (name, tensor) in model.parameters.all {
      #expect(read.parameters.all[name]?.stored.bytes == tensor.stored.bytes, "\(name)")
    }
    let picture = Picture(
      width: 60,
      height: 40,
      channels: 1,
      samples: .eightBit((0..<2400).map { UInt8($0 % 251) })
    )
    let expected = try model.inspect([model.configuration.prepare(picture, path: "p")])[0]
    let found = try read.inspect([read.configuration.prepare(picture, path: "p")])[0]
    #expect(found.score == expected.score && found.logNFA == expected.logNFA)
    #expect(found.anomalyMap == expected.anomalyMap)
  }

  /// What is thrown for a configuration with another text in it.
  private func refusal(_ text: String) -> String? {
    var changed = file
    changed.metadata["blemish"] = text
    do {
      _ = try Model(changed, path: "part.blemish", device: .cpu)
      return nil
    } catch {
      return "\(error)"
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
    ("\"detector\":\"uflow\"", "\"detector\":\"msflow\""), ("\"format\":1", "\"format\":2"),
    ("flowSteps\\\":4", "flowSteps\\\":0"), ("flowSteps\\\":4", "flowSteps\\\":-1"),
    ("flowSteps\\\":4", "flowSteps\\\":3"), ("flowSteps\\\":4", "flowSteps\\\":1000000000"),
    ("flowSteps\\\":4", "flowSteps\\\":9223372036854775807"), ("flowSteps\\\":4", "flowSteps\\\":null"),
    ("affineClamp\\\":2", "affineClamp\\\":-2"), ("affineClamp\\\":2", "affineClamp\\\":1e999"),
    ("affineClamp\\\":2", "affineClamp\\\":NaN"), ("affineClamp\\\":2", "affineClamp\\\":0"),
  ])
  func withNumbersAndNamesThatAreNoneAreAnErrorThatNamesTheFile(part: String, replacement: String) throws {
    try #require(json.contains(part))
    let complaint = try #require(refusal(json.replacingOccurrences(of: part, with: replacement)))
    #expect(complaint.hasPrefix("part.blemish: "), "\(complaint)")
    #expect(complaint.count < 500, "\(complaint)")
  }

  @Test(arguments: ["detector", "backbone", "height", "features", "filter", "embedsBackbone"])
  func withoutAnEntryAreAnErrorThatNamesIt(_ key: String) throws {
    var object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    object[key] = nil
    let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    #expect(refusal(text)?.contains("'\(key)' is missing") == true)
  }

  @Test func nestedBeyondAllMeasureAreAnError() {
    for text in [
      "", "null", "[]", "{", String(repeating: "[", count: 1_000_000),
      String(repeating: "{\"a\":", count: 500_000),
    ] {
      #expect(refusal(text)?.hasPrefix("part.blemish: ") == true)
    }
  }

  /// Values of the configuration replaced by others, one to three at a time: what can be read can be used.
  @Test func thousandsOfHostileConfigurationsAreUsedOrRefused() throws {
    var damage = Damage(seed: 5)
    let original = try JSONSerialization.jsonObject(with: Data(json.utf8))
    var used = 0
    for _ in 0..<2000 {
      var value = original
      for _ in 0...damage.below(3) { value = replaced(value, &damage) }
      guard let text = try? JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed) else {
        continue
      }
      var changed = file
      changed.metadata["blemish"] = String(decoding: text, as: UTF8.self)
      guard let model = try? Model(changed, path: "x", device: .cpu) else { continue }
      used += 1
      if used % 10 == 0 { use(model) }
    }
    #expect(used > 30, "\(used)")
  }

  @Test func thousandsOfDamagedTextsAreUsedOrRefused() {
    var damage = Damage(seed: 6)
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "-", "e999", "null", "0", "\\u0000", "9223372036854775808",
    ]
    .map { Array($0.utf8) }
    var used = 0
    for _ in 0..<3000 {
      var changed = file
      changed.metadata["blemish"] = String(
        decoding: damage.changed([UInt8](json.utf8), pieces: pieces),
        as: UTF8.self
      )
      guard let model = try? Model(changed, path: "x", device: .cpu) else { continue }
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
    _ = try? model.inspect([model.configuration.prepare(picture, path: "p")])
    _ = try? JSONEncoder.stable.encode(model.configuration)
    guard let record = model.configuration.training, (try? record.schedule.check()) != nil else { return }
    for step in [0, 5, record.progress.step] {
      _ = record.schedule.learningRate(step: step, stepsPerEpoch: 3)
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
