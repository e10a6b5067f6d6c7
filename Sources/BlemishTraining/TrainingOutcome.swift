/// How a training ended.
public enum TrainingOutcome: Sendable, Equatable {
  /// It came to its end.
  case finished
  /// Its task was cancelled; it can be resumed.
  case stopped
}
