import CCurl
import Foundation
import Synchronization

/// The head of an answer over HTTP.
struct HTTPHead {
  /// The status and its name, as in `404 Not Found`.
  let status: String
  private var fields: [String: String] = [:]

  var code: Int { status.split(separator: " ").first.flatMap { Int($0) } ?? 0 }

  init(status: String) { self.status = status }

  /// A field's value; of several with the same name the first.
  subscript(name: String) -> String? { fields[name.lowercased()] }

  mutating func add(_ line: String) {
    guard let colon = line.firstIndex(of: ":") else { return }
    let name = line[..<colon].lowercased()
    guard fields[name] == nil else { return }
    fields[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
  }
}

/// Why nothing came, or not all.
enum HTTPFailure: Error, Equatable, CustomStringConvertible {
  /// The transfer failed, with libcurl's number and its text.
  case transfer(code: CURLcode, text: String)
  /// The server has closed the connection without an answer.
  case noAnswer

  var description: String {
    switch self {
    case .transfer(CURLE_OPERATION_TIMEDOUT, _): "timeout: the server was silent for too long"
    case .transfer(_, let text): text
    case .noAnswer: "the server has not answered"
    }
  }

  /// Whether another attempt can only fail in the same way.
  var isLasting: Bool {
    switch self {
    case .transfer(CURLE_UNSUPPORTED_PROTOCOL, _), .transfer(CURLE_URL_MALFORMAT, _),
      .transfer(CURLE_TOO_MANY_REDIRECTS, _), .transfer(CURLE_PEER_FAILED_VERIFICATION, _):
      true
    case .transfer, .noAnswer: false
    }
  }
}

/// A GET over HTTP or HTTPS.
struct HTTPGet {
  var address: String
  var fields: [(name: String, value: String)]
  var proxy: Proxy?
  /// How many redirects are followed.
  var redirects = 5
  /// Seconds until a connection stands.
  var connecting: Int
  /// Seconds without a byte.
  var silence: Int

  /// Sends the request and hands over the answer as it arrives, on another thread.
  /// - Parameters:
  ///   - begin: takes the answer's head and those that redirected to it, the first one first, and says whether the
  ///     body is wanted.
  ///   - receive: takes what comes next of the body.
  /// - Throws: ``HTTPFailure``, what a closure throws, or `CancellationError`.
  func send(
    begin: @escaping (HTTPHead, [HTTPHead]) throws -> Bool,
    receive: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) async throws {
    // The task waits until the thread is done, so that the closures never run beside what they have captured.
    nonisolated(unsafe) let transfer = Transfer(begin: begin, receive: receive)
    let cancellation = transfer.cancellation
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
          continuation.resume(with: Result { try transfer.run(self) })
        }
      }
    } onCancel: {
      cancellation.isWanted.store(true, ordering: .relaxed)
    }
  }
}

/// Connections that stay for the next request. One request at a time may use them.
final class HTTPConnections {
  fileprivate let handle = curl_connections()
  deinit { if let handle { curl_easy_cleanup(handle) } }
}

private final class Cancellation: Sendable {
  let isWanted = Atomic(false)
}

extension HTTPGet {
  /// Sends the request and takes the whole answer, on this thread, which should be one of its own.
  /// - Parameters:
  ///   - limit: the bytes from which on the body is too large.
  ///   - connections: whose connections are used again.
  ///   - goesOn: asked about once a second whether the answer is still wanted.
  /// - Returns: the head, and the body where the status is 200; nil where the body is too large.
  /// - Throws: ``HTTPFailure``, or `CancellationError` where it was no longer wanted.
  func answer(limit: Int, _ connections: HTTPConnections, goesOn: @escaping () -> Bool) throws -> (
    head: HTTPHead, body: Data?
  ) {
    var (found, body): (HTTPHead?, Data?) = (nil, Data())
    let transfer = Transfer(
      begin: { head, _ in
        found = head
        return head.code == 200
      },
      receive: { bytes in
        guard let count = body?.count, count + bytes.count <= limit else {
          body = nil
          throw TooLarge()
        }
        body?.append(contentsOf: bytes)
      })
    transfer.goesOn = goesOn
    do { try transfer.run(self, connections) } catch is TooLarge {}
    guard let found else { throw HTTPFailure.noAnswer }
    return (found, body)
  }

  private struct TooLarge: Error {}
}

/// What is known of an answer that is arriving.
private final class Transfer {
  let cancellation = Cancellation()
  var goesOn: () -> Bool = { true }
  private let begin: (HTTPHead, [HTTPHead]) throws -> Bool
  private let receive: (UnsafeRawBufferPointer) throws -> Void
  private var head: HTTPHead?
  private var redirects: [HTTPHead] = []
  private var hasBegun = false
  /// How the transfer ends that a closure has ended.
  private var end: Result<Void, any Error>?

  init(
    begin: @escaping (HTTPHead, [HTTPHead]) throws -> Bool,
    receive: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) {
    self.begin = begin
    self.receive = receive
  }

  func run(_ get: HTTPGet, _ connections: HTTPConnections? = nil) throws {
    let receiver = CurlReceiver(
      context: Unmanaged.passUnretained(self).toOpaque(),
      line: { of($0).take(line: UnsafeRawBufferPointer(start: $1, count: $2)) },
      body: { of($0).take(body: UnsafeRawBufferPointer(start: $1, count: $2)) },
      goes_on: { of($0).isStillWanted }
    )
    var error = CurlError()
    let code = get.withRequest(connections) { curl_get($0, receiver, &error) }
    guard isStillWanted else { throw CancellationError() }
    if let end { return try end.get() }
    guard code == CURLE_OK else { throw HTTPFailure.transfer(code: code, text: error.message) }
    guard hasBegun else { throw HTTPFailure.noAnswer }
  }

  private var isStillWanted: Bool { !cancellation.isWanted.load(ordering: .relaxed) && goesOn() }

  private func take(line bytes: UnsafeRawBufferPointer) -> Bool {
    // What follows a body.
    guard !hasBegun else { return true }
    let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard line.isEmpty else {
      if line.hasPrefix("HTTP/") {
        head = HTTPHead(status: line.drop { $0 != " " }.trimmingCharacters(in: .whitespaces))
      } else {
        head?.add(line)
      }
      return true
    }
    guard let head else { return true }
    switch head.code {
    case 100...199: return true
    case 300...399 where head["Location"]?.isEmpty == false:
      redirects.append(head)
      return true
    default:
      hasBegun = true
      return goOn { try begin(head, redirects) }
    }
  }

  private func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    goOn {
      try receive(bytes)
      return true
    }
  }

  /// Keeps what ends the transfer, and says whether nothing does.
  private func goOn(_ step: () throws -> Bool) -> Bool {
    do {
      if try step() { return true }
      end = .success(())
    } catch {
      end = .failure(error)
    }
    return false
  }
}

private func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
  Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
}

extension HTTPGet {
  fileprivate func withRequest<Value>(
    _ connections: HTTPConnections?, _ body: (UnsafePointer<CurlRequest>) -> Value
  ) -> Value {
    func copies(_ strings: [String?]) -> [UnsafeMutablePointer<CChar>?] {
      strings.map { $0.flatMap { strdup($0) } }
    }
    let strings = copies([address, proxy?.address ?? "", proxy?.user, proxy?.password])
    let lines = copies(fields.map { "\($0.name): \($0.value)" } + [nil])
    defer { for string in strings + lines { free(string) } }
    return lines.map { UnsafePointer($0) }.withUnsafeBufferPointer { headers in
      var request = CurlRequest(
        address: strings[0],
        headers: headers.baseAddress,
        proxy: strings[1],
        user: strings[2],
        password: strings[3],
        redirects: redirects,
        connecting: connecting,
        silence: silence,
        connections: connections?.handle
      )
      return body(&request)
    }
  }
}

extension CurlError {
  fileprivate var message: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
