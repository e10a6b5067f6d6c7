import BlemishSupport

/// What stands in the way of a comparison.
public enum ComparisonError: Error, Equatable, CustomStringConvertible {
  /// The data set has no such category; those that it has.
  case unknownCategory(String, path: String, known: [String])
  /// What lies in the folder was made with other settings.
  case otherSettings(path: String)
  /// A model in the folder says nothing of its training.
  case noRecord(path: String)
  /// A file in the folder is no result of a comparison.
  case noResult(path: String, problem: String)

  /// What stands in the way.
  public var description: String {
    switch self {
    case .unknownCategory(let name, let path, let known):
      "\(printable(path)): there is no category '\(name)'"
        + (known.isEmpty ? "; it has none" : "; there are \(known.joined(separator: ", "))")
    case .otherSettings(let path):
      "\(printable(path)): was made with other settings; take another folder, or remove it and its model"
    case .noRecord(let path): "\(printable(path)): says nothing of its training; remove it"
    case .noResult(let path, let problem):
      "\(printable(path)): is no result of a comparison (\(problem)); remove it, or take another folder"
    }
  }
}
