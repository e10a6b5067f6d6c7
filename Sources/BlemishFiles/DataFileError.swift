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

/// What is wrong with the content of a file of tensors, or with one tensor, where the file's name is not known.
public enum DataFileProblem: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// The file system has refused it.
  case file(FileSystemError)
  /// The file is of no kind that is read.
  case notAWeightFile
  /// A checkpoint without tensors in dictionaries or lists; the classes and functions in it that were passed over.
  case noTensors(passedOver: [String])
  /// The end is missing; what shows it, where that is known.
  case cutOff(String?)
  /// The content contradicts itself or its format.
  case damaged(String)
  /// The file is whole, and of a kind or version that is not read; what it is and what to do.
  case unsupported(String)
  /// The file is made to take more time or memory than any honest one.
  case excessive(String)
  /// The format cannot hold what was to be written.
  case unwritable(String)
  /// Something is wrong with one tensor.
  indirect case tensor(String, DataFileProblem)
  /// The elements are of a type that is not read.
  case elementType(String, readable: [String])
  /// Two tensors or entries have one name.
  case duplicate(String)
  /// The shape cannot be one.
  case impossibleShape([Int])
  /// The bytes are not as many as shape and type say.
  case byteCount(expected: Int, found: Int)
  /// Whole numbers are needed, and there are others.
  case notWholeNumbers(ElementType)
  /// A NumPy array without the frame that is asked for.
  case noFrame(Int, shape: [Int])

  /// What is wrong, for a person to read.
  public var description: String {
    switch self {
    case .file(let error): error.problem
    case .notAWeightFile:
      "is not a weight file: safetensors and PyTorch's .pth, .pt and .ckpt files can be read"
    case .noTensors(let others):
      "holds no tensors in dictionaries or lists; save model.state_dict()"
        + (others.isEmpty ? "" : " instead of objects (passed over: \(others.joined(separator: ", ")))")
    case .cutOff(let detail): detail.map { "was cut off: \($0)" } ?? "is damaged or was cut off"
    case .damaged(let detail): "is damaged: \(detail)"
    case .unsupported(let what): what
    case .excessive(let what): what
    case .unwritable(let what): what
    case .tensor(let name, let problem): "tensor \(printable(name)): \(problem)"
    case .elementType(let type, let readable):
      "has elements of type \(printable(type)); \(readable.joined(separator: ", ")) can be read"
    case .duplicate(let name): "has two entries called \(printable(name))"
    case .impossibleShape(let shape): "shape \(shape) is impossible"
    case .byteCount(let expected, let found):
      "its shape and type take \(expected) bytes, and there are \(found)"
    case .notWholeNumbers(let type): "whole numbers are needed here, the tensor holds \(type.rawValue)"
    case .noFrame(let index, let shape): "has shape \(shape) and so no frame \(index)"
    }
  }
  /// The same, for Foundation's error texts.
  public var errorDescription: String? { description }
}
