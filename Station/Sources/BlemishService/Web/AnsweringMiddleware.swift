import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Counts and logs requests, turns what is thrown into answers, and gives every answer the headers that keep browsers
/// careful.
struct AnsweringMiddleware: RouterMiddleware {
  let metrics: Metrics
  let logsRequests: Bool
  let methods: @Sendable (_ path: String) -> [HTTPRequest.Method]

  /// Nothing but the station's own files, no inline script, no frame around it.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    + "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

  func handle(
    _ request: Request, context: StationContext, next: (Request, StationContext) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      var answer = WebError(error)
      if answer.status == .notFound && Self.isUnrouted(context) {
        let allowed = methods(request.uri.path)
        if !allowed.isEmpty {
          answer = WebError(
            .methodNotAllowed, "\(request.method.rawValue) is not for \(request.uri.path)",
            headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
        } else {
          answer = WebError(.notFound, "there is nothing at \(request.uri.path)")
        }
      }
      if answer.status == .internalServerError {
        context.logger.error(
          "request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      }
      response = answer.response(from: request, context: context)
    }
    response.headers[HTTPField.Name("Content-Security-Policy")!] = Self.policy
    response.headers[HTTPField.Name("X-Content-Type-Options")!] = "nosniff"
    response.headers[HTTPField.Name("Referrer-Policy")!] = "no-referrer"
    response.headers[HTTPField.Name("Cross-Origin-Resource-Policy")!] = "same-origin"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    let seconds = start.duration(to: .now) / .seconds(1)
    let route = Self.isUnrouted(context) ? "none" : context.endpointPath ?? "none"
    metrics.add(
      "blemish_requests_total", 1,
      [("method", Self.known(request.method)), ("route", route), ("status", "\(response.status.code)")])
    metrics.observe("blemish_request_seconds", seconds, [("route", route)])
    if logsRequests {
      context.logger.info(
        "request",
        metadata: [
          "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
          "status": "\(response.status.code)", "ms": "\(Int(seconds * 1e3))",
        ])
    }
    return response
  }

  /// Whether no route is for the request; the router then notes this name.
  private static func isUnrouted(_ context: StationContext) -> Bool { context.endpointPath == "NotFound" }

  /// The method, where it is a usual one: what clients make up is no label.
  private static func known(_ method: HTTPRequest.Method) -> String {
    [.get, .head, .post, .put, .delete, .patch, .options].contains(method) ? method.rawValue : "other"
  }
}
