import Foundation

/// Named tensors and the texts that describe them, as read from a file or to be written to one.
public struct WeightFile: Sendable {
  /// The tensors by name, such as `layer1.0.conv1.weight`.
  public var tensors: [String: StoredTensor]
  /// Texts stored beside the tensors.
  public var metadata: [String: String]

  /// A collection of tensors.
  public init(tensors: [String: StoredTensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }
}

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
