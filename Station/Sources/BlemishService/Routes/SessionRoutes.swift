import Foundation
import HTTPTypes
import Hummingbird

/// The page's session.
extension Station {
  private struct Session: Encodable {
    var name: String?
    var role: Role?
    var open: Bool
  }

  func addSessionRoutes(_ routes: RouteTable) {
    let isOpen = gate.access == .open
    routes.on(.get, "/api/session", nil) { _, context in
      Response(json: Session(name: context.caller?.name, role: context.caller?.role, open: isOpen))
    }
    routes.on(.post, "/api/session", nil) { [self] request, _ in
      struct Body: Decodable {
        var token: String
      }
      let body = try await request.json(Body.self, atMost: 4_096)
      guard let caller = gate.caller(token: body.token) else {
        throw WebError(.forbidden, "there is no such token")
      }
      var response = Response(json: Session(name: caller.name, role: caller.role, open: isOpen))
      response.setCookie(
        Cookie(
          name: AccessMiddleware.cookie, value: try gate.begin(caller), maxAge: Gate.sessionSeconds,
          path: "/",
          secure: configuration.certificate != nil, httpOnly: true, sameSite: .strict))
      return response
    }
    routes.on(.delete, "/api/session", nil) { [self] request, _ in
      if let session = request.cookies[AccessMiddleware.cookie]?.value { gate.end(session: session) }
      var response = Response(json: Session(open: isOpen))
      response.setCookie(
        Cookie(
          name: AccessMiddleware.cookie, value: "", maxAge: 0, path: "/",
          secure: configuration.certificate != nil,
          httpOnly: true, sameSite: .strict))
      return response
    }
  }
}
