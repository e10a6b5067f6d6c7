import Foundation

/// A model that is learnt anew, as it is told.
struct Job: Codable, Sendable {
  /// How it stands.
  enum State: String, Codable, Sendable {
    case running, ready, installed, failed, cancelled
  }

  var id: Int64
  var kind: LearningTask.Kind
  var model: String
  var state: State
  /// Who began it.
  var by: String
  var began: String
  /// The share that is done, where that is known.
  var progress: Double?
  var message: String?
  var error: String?
  var comparison: LearningTask.Comparison?
}
