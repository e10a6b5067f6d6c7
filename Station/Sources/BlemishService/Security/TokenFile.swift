import Foundation

/// The tokens with which others than this machine get in, in a file of their own beside the history: who may ask must
/// not depend on a database that may be damaged. A token itself is told once; the file holds its hash.
public struct TokenFile: Sendable {
  /// A token.
  public struct Entry: Codable, Sendable, Equatable {
    /// Who has it.
    public var name: String
    /// What they may do.
    public var role: Role
    /// SHA-256 of the token, in hexadecimal digits. A token holds 256 random bits: there is nothing to guess.
    public var hash: String
    /// When it was made.
    public var created: Date
  }

  /// The file.
  let path: String

  /// The tokens of a station's folder.
  public init(folder: String) { path = folder + "/tokens.json" }

  /// The tokens there are.
  /// - Throws: ``StationError/data(path:reason:)``.
  public func entries() throws -> [Entry] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    do {
      let decoder = JSONDecoder()
      decoder.dateDecodingStrategy = .iso8601
      return try decoder.decode([Entry].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw StationError.data(path: path, reason: "the tokens cannot be read")
    }
  }

  /// Makes a token.
  /// - Returns: what its owner is to send; it is not kept.
  /// - Throws: ``StationError``.
  public func add(name: String, role: Role) throws -> String {
    let token = "blm_" + Digest.hexadecimal(try Digest.random(32))
    try change { entries in
      guard !entries.contains(where: { $0.name == name }) else { throw StationError.tokenExists(name: name) }
      entries.append(
        Entry(
          name: name, role: role, hash: Digest.hexadecimal(Digest.sha256(Array(token.utf8))), created: Date())
      )
    }
    return token
  }

  /// Takes a token back, from the next request on.
  /// - Throws: ``StationError/noToken(name:)``.
  public func revoke(name: String) throws {
    try change { entries in
      guard let index = entries.firstIndex(where: { $0.name == name }) else {
        throw StationError.noToken(name: name)
      }
      entries.remove(at: index)
    }
  }

  /// Changes the file while nobody else does.
  private func change(_ body: (inout [Entry]) throws -> Void) throws {
    let folder = String(path[..<path.lastIndex(of: "/")!])
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
    let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw StationError.data(path: path, reason: String(cString: strerror(errno))) }
    defer { close(lock) }
    flock(lock, LOCK_EX)
    var entries = try entries()
    try body(&entries)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.dateEncodingStrategy = .iso8601
    let temporary = path + ".new"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw StationError.data(path: path, reason: String(cString: strerror(errno))) }
    let bytes = [UInt8](try encoder.encode(entries))
    let written = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    close(file)
    guard written, rename(temporary, path) == 0 else {
      throw StationError.data(path: path, reason: String(cString: strerror(errno)))
    }
  }
}
