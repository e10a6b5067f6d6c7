import BlemishSupport
import BlemishTorch
@testable import BlemishDetectors
import BlemishFiles
import Foundation
import Testing

@testable import BlemishCore

/// Files of every format so far, in `Models`: they load, and judge as the program did that wrote them.
@Suite("Formats of model files") struct FormatTests {
  private static let folder = (#filePath as NSString).deletingLastPathComponent + "/Models"

  /// What a program said of a picture with a model.
  struct RecordedVerdict: Codable, CustomTestStringConvertible {
    var model: String
    var picture: String
    var score: Double
    var logNFA: Double
    var test: InspectionOptions.Test

    enum CodingKeys: String, CodingKey {
      case model, picture, score, test
      case logNFA = "log_nfa"
    }

    var testDescription: String { "\(model) of \(picture)" }
  }

  static let verdicts: [RecordedVerdict] = {
    do {
      return try JSONDecoder().decode(
        [RecordedVerdict].self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/verdicts.json")))
    } catch {
      fatalError("\(folder)/verdicts.json cannot be read: \(error)")
    }
  }()

  @Test(arguments: verdicts) func judgesAsWhenItWasWritten(_ verdict: RecordedVerdict) throws {
    let model = try Model(contentsOf: "\(Self.folder)/\(verdict.model)")
    let inspection = try model.inspect(contentsOf: "\(Self.folder)/\(verdict.picture)")
    #expect(abs(inspection.score - verdict.score) < 1e-4 * verdict.score)
    #expect(abs(inspection.logNFA - verdict.logNFA) < 1e-3 * max(abs(verdict.logNFA), 1))
    #expect(inspection.rule == DecisionRule(test: verdict.test, operatingPoint: .logNFA0))
  }

  @Test func everyFormatAndKindOfModelIsThere() {
    for format in 1...ModelConfiguration.currentFormat {
      for kind in ["uflow-calibrated", "uflow-imported", "msflow-calibrated"] {
        #expect(Self.verdicts.count { $0.model == "format\(format)-\(kind).blemish" } == 2)
      }
    }
  }

  /// What is wrong with a file of the present format in which something has been changed.
  private func problem(
    _ change: (inout WeightFile) throws -> Void
  ) throws -> ModelFileError.Problem? {
    var file = try SafeTensors.read(Self.folder + "/format2-uflow-calibrated.blemish")
    try change(&file)
    let path = NSTemporaryDirectory() + "/blemish-format-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    try SafeTensors.write(file, to: path)
    let error = #expect(throws: ModelFileError.self) { try Model(contentsOf: path) }
    #expect(error?.path == path)
    return error?.problem
  }

  /// A format that does not exist yet, whole to the bit, and numbers that never were one.
  @Test(arguments: [3, -1, 0, Int.max]) func anUnknownFormatIsAnErrorThatSaysWhich(_ format: Int) throws {
    let problem = try problem { file in
      let json = try #require(file.metadata["blemish"])
      try #require(json.contains("\"format\":2"))
      file.metadata["blemish"] = json.replacingOccurrences(of: "\"format\":2", with: "\"format\":\(format)")
      Model.seal(&file)
    }
    guard case .format(format)? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
  }

  /// One bit, the least that a file can be damaged by.
  @Test func aFlippedBitInATensorIsAnError() throws {
    for place in 0..<4 {
      let problem = try problem { file in
        let names = file.tensors.keys.sorted()
        let name = names[place * (names.count - 1) / 3]
        let tensor = try #require(file.tensors[name])
        var bytes = Data(tensor.bytes)
        bytes[place * (bytes.count - 1) / 3] ^= 1
        file.tensors[name] = try StoredTensor(
          elementType: tensor.elementType, shape: tensor.shape, bytes: bytes)
      }
      guard case .damaged(let expected, let found)? = problem else {
        Issue.record("\(String(describing: problem))")
        continue
      }
      #expect(expected.count == 64 && found.count == 64 && expected != found)
    }
  }

  /// A digit of the calibration, which is a number as before.
  @Test func aFlippedBitInTheMetadataIsAnError() throws {
    let problem = try problem { file in
      var text = [UInt8](try #require(file.metadata["blemish"]).utf8)
      let json = String(decoding: text, as: UTF8.self)
      let key = try #require(json.range(of: "\"deviation\":0."))
      let digit = json.utf8.distance(from: json.startIndex, to: key.upperBound) + 3
      text[digit] ^= 1
      file.metadata["blemish"] = String(decoding: text, as: UTF8.self)
    }
    guard case .damaged? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
  }

  @Test func aHashThatIsMissingIsAnError() throws {
    let problem = try problem { $0.metadata["blemish.sha256"] = nil }
    guard case .damaged(expected: "none", _)? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
  }

  /// The same bits from eight tasks at once as from one.
  @Test(arguments: ["uflow-calibrated", "msflow-calibrated"])
  func eightTasksJudgeToTheSameBitsAsOne(_ kind: String) async throws {
    let model = try Model(contentsOf: "\(Self.folder)/format2-\(kind).blemish")
    let frames = try ["picture.png", "clean.png"].map {
      try model.configuration.preprocessor(contentsOf: "\(Self.folder)/\($0)")
    }
    func judge(_ task: Int) throws -> [UInt64] {
      let inspection = try model.inspect([frames[task % 2]])[0]
      let numbers = [inspection.score, inspection.logNFA] + inspection.regionLogNFAs
      return numbers.map(\.bitPattern) + inspection.anomalyMap.values.map { UInt64($0.bitPattern) }
    }
    let alone = try [judge(0), judge(1)]
    #expect(alone[0] != alone[1])
    let together = try await withThrowingTaskGroup(of: (Int, [UInt64]).self) { group in
      for task in 0..<8 { group.addTask { (task, try judge(task)) } }
      return try await group.reduce(into: [Int: [UInt64]]()) { $0[$1.0] = $1.1 }
    }
    for task in 0..<8 { #expect(together[task] == alone[task % 2], "task \(task)") }
  }
}
