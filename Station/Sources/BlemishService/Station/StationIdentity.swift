import Foundation

/// A name that tells this station's messages from another's, made once and kept beside the history.
enum StationIdentity {
  /// - Throws: ``StationError``.
  static func name(folder: String) throws -> String {
    let path = folder + "/identity"
    if let text = try? String(contentsOfFile: path, encoding: .utf8), !text.isEmpty { return text }
    let name = Digest.hexadecimal(try Digest.random(8))
    do {
      try name.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw StationError.data(path: path, reason: "cannot be written")
    }
    return name
  }
}
