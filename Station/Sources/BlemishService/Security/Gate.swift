import Foundation

/// Tells who asks, by the token that comes with a request or by the session of the page.
final class Gate: Sendable {
  /// Who gets in.
  enum Access: Sendable, Equatable {
    /// Everybody who can reach the station, as an engineer.
    case open
    /// Who has a token.
    case tokens
  }

  let access: Access
  private let file: TokenFile
  private let known = Locked<(state: ModelFileState?, entries: [TokenFile.Entry])>((nil, []))
  private let sessions = Locked<[String: (name: String, ends: Date)]>([:])

  /// How long the page stays signed in.
  static let sessionSeconds = 12 * 3_600

  init(_ access: Access, tokens: TokenFile) {
    self.access = access
    file = tokens
  }

  /// The tokens as they are now: a token that is taken back does not count from then on.
  private var entries: [TokenFile.Entry] {
    let state = ModelFileState(path: file.path)
    return known.with { known in
      if known.state != state {
        // A file that cannot be read lets nobody in.
        known = (state, (try? file.entries()) ?? [])
      }
      return known.entries
    }
  }

  /// Who has a token; nil where nobody has.
  func caller(token: String) -> Caller? {
    let hash = Array(Digest.hexadecimal(Digest.sha256(Array(token.utf8))).utf8)
    var found: Caller?
    // All are compared, so that the time does not tell which.
    for entry in entries where Digest.equal(Array(entry.hash.utf8), hash) {
      found = Caller(name: entry.name, role: entry.role)
    }
    return found
  }

  /// Whose session it is; nil where it has ended, or the token was taken back.
  func caller(session: String) -> Caller? {
    let name: String? = sessions.with { sessions in
      guard let found = sessions[session] else { return nil }
      guard found.ends > Date() else {
        sessions[session] = nil
        return nil
      }
      return found.name
    }
    return entries.first { $0.name == name }.map { Caller(name: $0.name, role: $0.role) }
  }

  /// Begins a session of a token's owner.
  /// - Throws: ``StationError/noRandomness``.
  func begin(_ caller: Caller) throws -> String {
    let session = Digest.hexadecimal(try Digest.random(32))
    let now = Date()
    sessions.with { sessions in
      sessions = sessions.filter { $0.value.ends > now }
      sessions[session] = (caller.name, now.addingTimeInterval(Double(Self.sessionSeconds)))
    }
    return session
  }

  /// Ends a session.
  func end(session: String) { sessions.with { $0[session] = nil } }
}
