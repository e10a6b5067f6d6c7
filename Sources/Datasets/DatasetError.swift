import Foundation

/// What is wrong with a data set on disk: which file or folder, what about it, what to do.
public struct DatasetError: Error, Equatable, CustomStringConvertible, LocalizedError {
  /// The file or folder the complaint is about.
  public let path: String
  /// What is wrong with it and what to do.
  public let problem: String

  init(_ path: String, _ problem: String) {
    self.path = path
    self.problem = problem
  }

  /// The path, then the problem.
  public var description: String { "\(path): \(problem)" }

  /// The same as `description`.
  public var errorDescription: String? { description }
}
