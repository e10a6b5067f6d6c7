import BlemishSupport

/// Why the pictures of a manifest cannot be judged, or their results not be put together.
public enum ScoringError: Error, Equatable, CustomStringConvertible {
  /// A line of a manifest says no picture.
  case manifest(path: String, line: Int, problem: String)
  /// The manifest has no pictures.
  case empty(path: String)
  /// The folder holds results of another manifest, model, number of shards or other choices.
  case otherRun(folder: String, differences: [String])
  /// The folder holds no results of a manifest.
  case noRun(folder: String)
  /// The file that says what a folder's results are of cannot be understood.
  case damagedRun(path: String, problem: String)
  /// The manifest is not the one whose results the folder holds.
  case otherManifest(path: String, folder: String)
  /// Several parts on end could not be finished; the reason of the last one.
  case gaveUp(parts: Int, reason: String)

  /// Why.
  public var description: String {
    switch self {
    case .manifest(let path, let line, let problem): "\(printable(path)), line \(line): \(problem)"
    case .empty(let path): "\(printable(path)): lists no pictures"
    case .otherRun(let folder, let differences):
      "\(printable(folder)): holds results with another \(differences.joined(separator: ", ")); "
        + "results that belong together are of one of each"
    case .noRun(let folder): "\(printable(folder)): holds no results of a manifest"
    case .damagedRun(let path, let problem): "\(printable(path)): \(problem)"
    case .otherManifest(let path, let folder):
      "\(printable(path)): is not the manifest whose results are in \(printable(folder)): pictures were added, removed, "
        + "renamed or put in another order"
    case .gaveUp(let parts, let reason):
      "\(parts) parts on end could not be finished; the last one: \(reason)"
    }
  }
}
