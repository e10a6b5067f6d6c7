import Foundation

/// How a source does.
struct SourceState: Sendable, Codable {
  /// Whether it gives pictures, as far as is known.
  var isUp = false
  /// Pictures that were judged since the station began.
  var judged = 0
  /// Pictures that came while another was judged, and were left out.
  var skipped = 0
  /// Why it does not, or why the last picture was not judged.
  var error: String?
  /// When the last picture was judged.
  var lastPicture: Date?

  enum CodingKeys: String, CodingKey {
    case judged, skipped, error
    case isUp = "up"
    case lastPicture = "last_picture"
  }
}

/// What takes the pictures of sources.
protocol SourceReceiver: Sendable {
  /// The most bytes of a picture.
  var maximumBytes: Int { get }
  /// Judges a picture of a source; where the queue is full, it waits.
  /// - Throws: what is wrong with the picture; `CancellationError`.
  func take(_ bytes: [UInt8], name: String, from source: SourceConfiguration) async throws
  /// Whether a file of a source was judged since it last changed, or is older than what is remembered.
  /// - Parameter changed: when it changed, in microseconds since 1970.
  func isJudged(_ file: String, of source: SourceConfiguration, changed: Int64) async throws -> Bool
  /// Notes how a source does.
  func note(_ source: SourceConfiguration, _ change: (inout SourceState) -> Void)
}
