import Foundation

/// A weight file that cannot be read or written: which, and why.
public struct WeightFileError: Error, CustomStringConvertible, LocalizedError {
  /// The file.
  public let path: String
  /// What is wrong with it and what to do.
  public let problem: String

  /// An error about the file at `path`.
  public init(path: String, problem: String) {
    self.path = path
    self.problem = problem
  }

  /// The file and the problem, for a person to read.
  public var description: String { "\(path): \(problem)" }
  /// The same, for Foundation's error texts.
  public var errorDescription: String? { description }
}

/// What is wrong with the content of a weight file or of one tensor, where its name is not known.
public struct WeightFormatError: Error, CustomStringConvertible, LocalizedError {
  /// What is wrong.
  public let problem: String

  /// What is wrong, for a person to read.
  public var description: String { problem }
  /// The same, for Foundation's error texts.
  public var errorDescription: String? { problem }

  /// Runs `body`; what it finds wrong with the content becomes an error about the file.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as WeightFormatError {
      throw WeightFileError(path: path, problem: error.problem)
    }
  }
}
