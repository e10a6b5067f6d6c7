import BlemishFiles

/// A weight file with the path that it came from.
public struct LoadedWeights: Sendable {
  /// Where it lies.
  public var path: String
  /// What it holds.
  public var file: WeightFile

  /// Reads a file.
  /// - Throws: an error that names the file.
  public init(path: String) throws {
    self.path = path
    file = try WeightFile(readingAny: path)
  }
}
