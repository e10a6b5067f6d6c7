import Foundation

/// Times as they are told: ISO 8601 in UTC, to the millisecond.
enum Timestamp {
  private static let milliseconds = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  static func text(_ date: Date) -> String { date.formatted(milliseconds) }

  /// A time, or the beginning of a day; nil where the text is neither.
  static func date(_ text: String) -> Date? {
    (try? Date(text, strategy: milliseconds)) ?? (try? Date(text, strategy: .iso8601))
      ?? (try? Date(text, strategy: .iso8601.year().month().day()))
  }
}
