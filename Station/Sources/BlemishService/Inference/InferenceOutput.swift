import Blemish
import Foundation

/// The outputs of the Open Inference Protocol.
enum InferenceOutput: String, CaseIterable, Sendable {
  case verdict
  case logNFA = "log_nfa"
  case score
  case regions
  /// The number in the history; -1 where the inspection could not be kept.
  case inspection
  case anomalyMap = "anomaly_map"
  case mask

  /// What is answered where nothing is asked for.
  static let usual: [InferenceOutput] = [.verdict, .logNFA, .score, .regions, .inspection]

  /// Type and shape, of which the first number is that of pictures; -1 for what depends on them.
  func form(of model: Model) -> (datatype: String, shape: [Int]) {
    switch self {
    case .verdict, .regions: ("BYTES", [-1])
    case .logNFA, .score: ("FP64", [-1])
    case .inspection: ("INT64", [-1])
    case .anomalyMap: ("FP32", [-1, model.configuration.mapHeight, model.configuration.mapWidth])
    case .mask: ("UINT8", [-1, -1, -1])
    }
  }

  /// Whether it needs the maps themselves.
  var needsMaps: Bool { self == .anomalyMap || self == .mask }

  /// The output of inspections.
  /// - Throws: ``WebError`` where the masks are of several sizes.
  func tensor(_ answers: [InspectionAnswer]) throws -> TensorData {
    func tensor(_ values: TensorData.Values, _ shape: [Int] = []) -> TensorData {
      TensorData(name: rawValue, shape: [answers.count] + shape, values: values)
    }
    let findings = answers.map(\.judgement.finding)
    switch self {
    case .verdict: return tensor(.bytes(answers.map { Array($0.judgement.verdict.rawValue.utf8) }))
    case .logNFA: return tensor(.fp64(findings.map(\.logNFA)))
    case .score: return tensor(.fp64(findings.map(\.score)))
    case .inspection: return tensor(.int64(answers.map { $0.record?.id ?? -1 }))
    case .regions: return tensor(.bytes(try findings.map { [UInt8](try JSONText.data($0.regions)) }))
    case .anomalyMap:
      let maps = answers.compactMap(\.judgement.anomalyMap)
      return tensor(.fp32(maps.flatMap(\.values)), [maps[0].height, maps[0].width])
    case .mask:
      let masks = answers.compactMap(\.judgement.pixels)
      guard masks.allSatisfy({ ($0.width, $0.height) == (masks[0].width, masks[0].height) }) else {
        throw WebError(.badRequest, "the output mask is for pictures of one size")
      }
      return tensor(
        .uint8(masks.flatMap(Self.samples)), [masks[0].height, masks[0].width])
    }
  }

  private static func samples(_ picture: Picture) -> [UInt8] {
    if case .eightBit(let samples) = picture.samples { samples } else { [] }
  }
}
