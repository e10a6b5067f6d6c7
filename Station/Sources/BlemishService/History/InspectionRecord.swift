import Blemish
import Foundation
import GRDB

/// What a person says of a part that was inspected.
public enum Label: String, Sendable, Codable, CaseIterable {
  /// The part is good: where it was stopped, that was a false alarm.
  case good
  /// The part is not: where it passed, it was missed.
  case anomalous
}

/// An inspection as the history keeps it.
public struct InspectionRecord: Sendable, Codable, Equatable, FetchableRecord, PersistableRecord {
  /// The table.
  public static let databaseTableName = "inspections"

  /// Microseconds since 1970, and one more where that is taken: inspections are in the order of their numbers.
  public var id: Int64
  /// Where the picture came from: `api`, `infer`, `page` or a source's name.
  public var source: String
  /// The model's name.
  public var model: String
  /// SHA-256 of the model's file.
  public var modelHash: String
  /// The version of Blemish.
  public var blemish: String
  /// What the picture is called.
  public var path: String
  /// What was said of it.
  public var verdict: Verdict
  /// log10 NFA of the most significant region.
  public var logNFA: Double
  /// The score.
  public var score: Double
  /// The number of false alarms per good picture below which a region made it anomalous.
  public var falseAlarms: Double
  /// The number below which a region made it one to review.
  public var review: Double
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// What `predict --json` prints, in JSON.
  public var finding: String
  /// How many significant regions there are.
  public var regions: Int
  /// For how many seconds it was judged.
  public var seconds: Double
  /// The picture's file below the folder of pictures; nil where it is not kept.
  public var picture: String?
  /// Bytes of the picture, its map and its mask.
  public var bytes: Int
  /// Whether the picture's file was lost.
  public var pictureMissing = false
  /// What a person says of the part.
  public var label: Label?
  /// Who says so.
  public var labelledBy: String?
  /// Since when, in microseconds since 1970.
  public var labelledAt: Int64?

  enum CodingKeys: String, CodingKey {
    case id, source, model, blemish, path, verdict, score, review, width, height, finding, regions, seconds,
      picture
    case bytes, label
    case modelHash = "model_hash"
    case logNFA = "log_nfa"
    case falseAlarms = "false_alarms"
    case pictureMissing = "picture_missing"
    case labelledBy = "labelled_by"
    case labelledAt = "labelled_at"
  }

  /// When it was judged.
  public var time: Date { Date(timeIntervalSince1970: Double(id) / 1e6) }
}
