import BlemishSupport
import BlemishWeights
import Foundation

/// A list of pictures in a file, a line each: a path, an address, or a JSON object with `path` and, where they are
/// there, `id` and `model`. Relative paths start at the file's folder. Empty lines count for nothing.
public struct Manifest: Sendable {
  /// The file.
  public let path: String
  private let folder: String

  /// The manifest in a file.
  public init(_ path: String) {
    self.path = path
    folder = folderName(path)
  }

  /// Reads the rows one after the other; memory holds no more than some of them.
  /// - Throws: `FileSystemError`; ``ScoringError/manifest(path:line:problem:)``; what the body throws.
  public func forEachRow(_ body: (ManifestRow) throws -> Void) throws {
    let file = try RegularFile(path)
    var (offset, line) = (0, 0)
    var rest = Data()
    while offset < file.count || !rest.isEmpty {
      let isLast = offset >= file.count
      if !isLast {
        let count = min(file.count - offset, Self.step)
        rest.append(try file.bytes(at: offset, count: count))
        offset += count
      }
      var start = rest.startIndex
      while start < rest.endIndex {
        let end = rest[start...].firstIndex(of: UInt8(ascii: "\n"))
        guard end != nil || isLast else { break }
        line += 1
        if let row = try row(rest[start..<(end ?? rest.endIndex)], line) { try body(row) }
        start = end.map { $0 + 1 } ?? rest.endIndex
      }
      rest = Data(rest[start...])
      guard rest.count <= Self.longestLine else {
        throw ScoringError.manifest(
          path: path, line: line + 1, problem: "is longer than \(Self.longestLine) bytes")
      }
    }
    try file.requireUnchanged()
  }

  /// Bytes that are read at a time, and that a line may have.
  private static let step = 1 << 20
  private static let longestLine = 1 << 20

  private struct Fields: Decodable {
    var id: JSONValue?
    var path: String
    var model: String?
  }

  private func row(_ bytes: Data, _ line: Int) throws -> ManifestRow? {
    func wrong(_ problem: String) -> ScoringError { .manifest(path: path, line: line, problem: problem) }
    let isSpace: (UInt8) -> Bool = {
      $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r")
    }
    // A carriage return is of the line's end; spaces may be of a name.
    let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
    guard let first = bytes.first(where: { !isSpace($0) }) else { return nil }
    guard first == UInt8(ascii: "{") else { return row(named: fileName(bytes)) }
    let fields: Fields
    do {
      fields = try JSONDecoder().decode(Fields.self, from: bytes)
    } catch {
      throw wrong((error as? DecodingError)?.summary ?? "is not a JSON object")
    }
    guard !fields.path.isEmpty else { throw wrong("path is empty") }
    let id: String? =
      switch fields.id {
      case nil, .null: nil
      case .text(let text): text
      case .integer(let number): "\(number)"
      case .large(let number): "\(number)"
      default: throw wrong("id is neither a text nor a whole number")
      }
    if fields.model?.isEmpty == true { throw wrong("model is empty") }
    return row(named: fields.path, id: id, model: fields.model.map(absolute))
  }

  private func row(named name: String, id: String? = nil, model: String? = nil) -> ManifestRow {
    Self.isAddress(name)
      ? ManifestRow(id: id, name: plainAddress(name), place: .address(name), model: model)
      : ManifestRow(id: id, name: name, place: .file(absolute(name)), model: model)
  }

  private static func isAddress(_ text: String) -> Bool {
    ["http://", "https://"].contains { text.lowercased().hasPrefix($0) }
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : folder == "/" ? "/" + path : "\(folder)/\(path)"
  }
}
