import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What belongs to one request.
struct StationContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Who asks; nil where nobody is known and nobody need be.
  var caller: Caller?

  init(source: Source) { coreContext = .init(source: source) }

  /// Who asks.
  /// - Throws: ``WebError`` where they may not do what the role may.
  @discardableResult
  func require(_ role: Role) throws -> Caller {
    guard let caller else {
      throw WebError(
        .unauthorized, "a token is needed: Authorization: Bearer TOKEN", headers: [.wwwAuthenticate: "Bearer"]
      )
    }
    guard caller.role >= role else {
      throw WebError(.forbidden, "\(caller.name) is a \(caller.role.rawValue); this is for \(role.rawValue)s")
    }
    return caller
  }
}
