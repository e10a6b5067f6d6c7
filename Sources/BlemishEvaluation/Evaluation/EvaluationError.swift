/// What stands in the way of an evaluation.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  /// There are no test pictures.
  case noPictures

  /// What stands in the way.
  public var description: String {
    switch self {
    case .noPictures: "there are no test pictures to evaluate on"
    }
  }
}
