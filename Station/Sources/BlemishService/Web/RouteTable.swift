import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The station's routes.
final class RouteTable {
  let router = Router(context: StationContext.self, options: .autoGenerateHeadEndpoints)
  private(set) var entries: [(path: String, method: HTTPRequest.Method)] = []

  /// Adds a route that needs a role; nil for one that is open to all.
  func on(
    _ method: HTTPRequest.Method, _ path: String, _ role: Role?,
    _ handler: @escaping @Sendable (Request, StationContext) async throws -> Response
  ) {
    entries.append((path, method))
    router.on(RouterPath(path), method: method) { request, context in
      if let role { try context.require(role) }
      return try await handler(request, context)
    }
  }

  /// The methods that there are at a path.
  static func methods(_ entries: [(path: String, method: HTTPRequest.Method)], at path: String)
    -> [HTTPRequest.Method]
  {
    let asked = path.split(separator: "/")
    let found = entries.filter { entry in
      let parts = entry.path.split(separator: "/")
      return parts.count == asked.count && zip(parts, asked).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }.map(\.method)
    return found.contains(.get) ? found + [.head] : found
  }
}

extension Request {
  /// The value of a parameter in the query; nil where there is none.
  func query(_ name: String) -> String? { uri.queryParameters[Substring(name)].map(String.init) }

  /// A number above zero in the query.
  /// - Throws: ``WebError``.
  func positive(_ name: String) throws -> Double? {
    guard let text = query(name) else { return nil }
    guard let number = Double(text), number > 0, number.isFinite else {
      throw WebError(.badRequest, "\(name) must be a number above 0")
    }
    return number
  }

  /// A whole number in the query.
  /// - Throws: ``WebError``.
  func whole(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
    guard let text = query(name) else { return nil }
    guard let number = Int64(text), range.contains(number) else {
      throw WebError(
        .badRequest, "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The whole body.
  /// - Throws: ``WebError`` where it is larger than a body may be.
  func bytes(atMost limit: Int) async throws -> [UInt8] {
    if let text = headers[.contentLength], let length = Int(text), length > limit {
      throw WebError(.contentTooLarge, "a body may have \(limit) bytes")
    }
    do {
      return Array(buffer: try await body.collect(upTo: limit))
    } catch let error as HTTPError where error.status == .contentTooLarge {
      throw WebError(.contentTooLarge, "a body may have \(limit) bytes")
    } catch {
      throw WebError(.badRequest, "the body ends before its length")
    }
  }

  /// The body in JSON.
  /// - Throws: ``WebError``.
  func json<Value: Decodable>(_ type: Value.Type, atMost limit: Int = 1 << 20) async throws -> Value {
    let bytes = try await bytes(atMost: limit)
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      let place: [any CodingKey]
      let reason: String
      switch error {
      case .keyNotFound(let key, let context): (place, reason) = (context.codingPath + [key], "is missing")
      case .typeMismatch(_, let context), .valueNotFound(_, let context):
        (place, reason) = (context.codingPath, "is of another type")
      case .dataCorrupted(let context): (place, reason) = (context.codingPath, "is not as it must be")
      @unknown default: (place, reason) = ([], "is not as it must be")
      }
      let name = place.map(\.stringValue).joined(separator: ".")
      throw WebError(
        .badRequest, "the body is not as it must be: \(name.isEmpty ? "the JSON" : name) \(reason)")
    } catch {
      throw WebError(.badRequest, "the body is not JSON")
    }
  }
}
