import Blemish
import Foundation

/// An inspection of the history, as it is told.
struct InspectionText: Encodable {
  var record: InspectionRecord

  private enum CodingKeys: String, CodingKey {
    case id, time, source, model, verdict, score, path, width, height, regions, seconds, label, links,
      blemish, limits
    case modelHash = "model_hash"
    case modelVersion = "model_version"
    case logNFA = "log_nfa"
    case labelledBy = "labelled_by"
    case labelledAt = "labelled_at"
    case pictureMissing = "picture_missing"
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(record.id, forKey: .id)
    try values.encode(Timestamp.text(record.time), forKey: .time)
    try values.encode(record.source, forKey: .source)
    try values.encode(record.model, forKey: .model)
    try values.encode(record.modelHash, forKey: .modelHash)
    try values.encode(String(record.modelHash.prefix(12)), forKey: .modelVersion)
    try values.encode(record.blemish, forKey: .blemish)
    try values.encode(record.path, forKey: .path)
    try values.encode(record.verdict, forKey: .verdict)
    try values.encode(record.score, forKey: .score)
    try values.encode(record.logNFA, forKey: .logNFA)
    try values.encode(["false_alarms": record.falseAlarms, "review": record.review], forKey: .limits)
    try values.encode(record.width, forKey: .width)
    try values.encode(record.height, forKey: .height)
    try values.encode(record.seconds, forKey: .seconds)
    let finding = try? JSONDecoder().decode(FindingJSON.self, from: Data(record.finding.utf8))
    try values.encode(finding?.regions ?? [], forKey: .regions)
    try values.encode(record.label, forKey: .label)
    try values.encode(record.labelledBy, forKey: .labelledBy)
    let changed = record.labelledAt.map { Timestamp.text(Date(timeIntervalSince1970: Double($0) / 1e6)) }
    try values.encode(changed, forKey: .labelledAt)
    try values.encode(record.pictureMissing, forKey: .pictureMissing)
    try values.encode(record.links, forKey: .links)
  }
}
