import Foundation

/// The parts of a body of type `multipart/form-data` (RFC 7578).
enum Multipart {
  /// A part.
  struct Part: Equatable {
    /// The field's name.
    var name: String
    /// The file's name, if it is one.
    var fileName: String?
    /// What it holds.
    var bytes: [UInt8]
  }

  /// The boundary that a type of content names; nil where it is another type.
  static func boundary(_ contentType: String) -> String? {
    let parts = contentType.split(separator: ";", omittingEmptySubsequences: false)
    guard parts[0].trimmingCharacters(in: .whitespaces).lowercased() == "multipart/form-data" else {
      return nil
    }
    for part in parts.dropFirst() {
      let text = part.trimmingCharacters(in: .whitespaces)
      guard text.lowercased().hasPrefix("boundary=") else { continue }
      let value = text.dropFirst(9).trimmingCharacters(in: CharacterSet(charactersIn: "\""))
      return (1...70).contains(value.utf8.count) ? value : nil
    }
    return ""
  }

  /// Takes a body apart.
  /// - Parameter most: how many parts there may be.
  /// - Throws: ``WebError``.
  static func parts(_ body: [UInt8], boundary: String, most: Int) throws -> [Part] {
    let malformed = WebError(.badRequest, "the body is no multipart/form-data of its boundary")
    guard !boundary.isEmpty else { throw malformed }
    let delimiter = Array("--\(boundary)".utf8)
    guard var place = body.firstRange(of: delimiter)?.upperBound else { throw malformed }
    let next = Array("\r\n--\(boundary)".utf8)
    var parts: [Part] = []
    while true {
      if body[place...].starts(with: Array("--".utf8)) { return parts }
      guard let lineEnd = body[place...].firstRange(of: Array("\r\n".utf8)),
        let headEnd = body[lineEnd.lowerBound...].firstRange(of: Array("\r\n\r\n".utf8)),
        headEnd.lowerBound - place < 8_192, let end = body[(headEnd.upperBound - 2)...].firstRange(of: next)
      else { throw malformed }
      guard parts.count < most else { throw WebError(.badRequest, "more than \(most) parts") }
      let head = String(decoding: body[lineEnd.lowerBound..<headEnd.lowerBound], as: UTF8.self)
      let content = body[min(headEnd.upperBound, end.lowerBound)..<end.lowerBound]
      let disposition = head.split(separator: "\r\n").first {
        $0.lowercased().hasPrefix("content-disposition:")
      }
      guard let disposition else { throw malformed }
      parts.append(
        Part(
          name: value("name", of: disposition) ?? "", fileName: value("filename", of: disposition),
          bytes: Array(content)))
      place = end.upperBound
    }
  }

  private static func value(_ key: String, of line: Substring) -> String? {
    for part in line.split(separator: ";").dropFirst() {
      let text = part.trimmingCharacters(in: .whitespaces)
      guard text.lowercased().hasPrefix(key + "=") else { continue }
      return text.dropFirst(key.count + 1).trimmingCharacters(in: CharacterSet(charactersIn: "\""))
    }
    return nil
  }
}
