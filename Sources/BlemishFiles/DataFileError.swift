import BlemishSupport
import Foundation

/// A file of tensors that cannot be read or written: which, and why.
public struct DataFileError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// The file.
  public let path: String
  /// What is wrong with it.
  public let problem: DataFileProblem

  /// An error about the file at `path`.
  public init(path: String, problem: DataFileProblem) {
    self.path = path
    self.problem = problem
  }

  /// The file could not be opened, read or written at all.
  public init(_ error: FileSystemError) { self.init(path: error.path, problem: .file(error)) }

  /// The file and the problem, for a person to read.
  public var description: String {
    if case .file(let error) = problem { return error.description }
    return "\(printable(path)): \(problem)"
  }
  /// The same, for Foundation's error texts.
  public var errorDescription: String? { description }

  /// Runs `body`; what it finds wrong with the content becomes an error about the file.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let problem as DataFileProblem {
      throw DataFileError(path: path, problem: problem)
    } catch is EndOfBytes {
      throw DataFileError(path: path, problem: .cutOff(nil))
    } catch let error as FileSystemError {
      throw DataFileError(path: path, problem: .file(error))
    }
  }
}
