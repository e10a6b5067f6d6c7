import Blemish
import Foundation

/// An inspection as it is answered: what `predict --json` prints, and where the rest of it is.
struct InspectionAnswer: Encodable, Sendable {
  var judgement: Judgement
  /// What the history has; nil where it could not be kept.
  var record: InspectionRecord?
  var source: String

  private enum CodingKeys: String, CodingKey {
    case id, source, seconds, links, stored
    case modelVersion = "model_version"
  }

  func encode(to encoder: any Encoder) throws {
    try judgement.finding.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(judgement.model.version, forKey: .modelVersion)
    try values.encode(source, forKey: .source)
    try values.encode(judgement.seconds, forKey: .seconds)
    try values.encode(record != nil, forKey: .stored)
    if let record {
      try values.encode(record.id, forKey: .id)
      try values.encode(record.links, forKey: .links)
    }
  }
}
