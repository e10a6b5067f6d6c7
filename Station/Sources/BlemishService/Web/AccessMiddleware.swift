import Foundation
import HTTPTypes
import Hummingbird

/// Tells who asks, and refuses what a foreign page makes a browser ask.
struct AccessMiddleware: RouterMiddleware {
  let gate: Gate
  /// Whether only this machine can reach the station: then its names are the only ones that a browser may know it by.
  let isLoopback: Bool

  func handle(
    _ request: Request, context: StationContext, next: (Request, StationContext) async throws -> Response
  ) async throws -> Response {
    let host = request.head.authority ?? ""
    if isLoopback, gate.access == .open, !Self.isThisMachine(host) {
      // A name of somebody else's that leads here.
      throw WebError(.misdirectedRequest, "the station is known as localhost here")
    }
    if ![.get, .head, .options].contains(request.method) { try Self.checkOrigin(request, host: host) }
    var context = context
    context.caller = caller(request)
    return try await next(request, context)
  }

  private func caller(_ request: Request) -> Caller? {
    if let header = request.headers[.authorization] {
      let parts = header.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
      return gate.caller(token: String(parts[1]))
    }
    if let session = request.cookies[Self.cookie]?.value, let caller = gate.caller(session: session) {
      return caller
    }
    return gate.access == .open ? Caller(name: "local", role: .engineer) : nil
  }

  /// The page's session.
  static let cookie = "blemish"

  /// Browsers say where a request comes from that changes something; other programs say nothing.
  private static func checkOrigin(_ request: Request, host: String) throws {
    if let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!], !["same-origin", "none"].contains(site)
    {
      throw WebError(.forbidden, "requests of other pages change nothing here")
    }
    if let origin = request.headers[.origin] {
      guard let url = URL(string: origin), let name = url.host else {
        throw WebError(.forbidden, "requests of other pages change nothing here")
      }
      let own = url.port.map { "\(name):\($0)" } ?? name
      let bracketed = url.port.map { "[\(name)]:\($0)" } ?? "[\(name)]"
      guard own == host || bracketed == host else {
        throw WebError(.forbidden, "requests of other pages change nothing here")
      }
    }
  }

  private static func isThisMachine(_ authority: String) -> Bool {
    if authority.hasPrefix("[::1]") { return true }
    let name = authority.split(separator: ":").first.map(String.init) ?? ""
    return name == "localhost" || name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
      || name.isEmpty
  }
}
