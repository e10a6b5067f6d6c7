import Blemish
import Foundation

/// What a sink is told of an inspection.
struct SinkMessage: Codable, Sendable, Equatable {
  /// The inspection's number.
  var id: Int64
  /// When it was judged.
  var time: String
  var verdict: Verdict
  var source: String
  var model: String
  var modelVersion: String
  var logNFA: Double
  var score: Double
  var path: String
  /// What `predict --json` prints, in JSON.
  var finding: String

  enum CodingKeys: String, CodingKey {
    case id, time, verdict, source, model, score, path, finding
    case modelVersion = "model_version"
    case logNFA = "log_nfa"
  }

  init(_ record: InspectionRecord) {
    id = record.id
    time = Timestamp.text(record.time)
    verdict = record.verdict
    source = record.source
    model = record.model
    modelVersion = String(record.modelHash.prefix(12))
    logNFA = record.logNFA
    score = record.score
    path = record.path
    finding = record.finding
  }
}
