import Foundation
import Synchronization

/// A small HTTP server on loopback that behaves as a script says: one reply for each request, the last one
/// again and again.
package final class LoopbackServer: Sendable {
  /// What is sent back.
  package struct Reply: Sendable {
    package var status = "200 OK"
    package var headers: [String: String] = [:]
    package var body = Data()
    /// How much of the body is sent before the connection is dropped; nil for all.
    package var drops: Int?
    /// A pause before the body's second half.
    package var delay = 0.0

    package init(
      status: String = "200 OK", headers: [String: String] = [:], body: Data = Data(), drops: Int? = nil,
      delay: Double = 0
    ) {
      (self.status, self.headers, self.body, self.drops, self.delay) = (status, headers, body, drops, delay)
    }
  }

  /// A request's first line and its headers, whose names are in lower case.
  package struct Request: Sendable {
    package var line: String
    package var headers: [String: String]
    /// The first byte that is asked for.
    package var start: Int { headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0 }
  }

  package let port: Int
  private let listener: Int32
  private let reply: @Sendable (Request, Int) -> Reply
  private let received = Mutex<[Request]>([])

  package var address: String { "http://127.0.0.1:\(port)" }
  package var requests: [Request] { received.withLock { $0 } }

  /// Serves until the value goes. `reply` gets a request and how many came before it.
  package init(_ reply: @escaping @Sendable (Request, Int) -> Reply) throws {
    self.reply = reply
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    port = withUnsafeMutableBytes(of: &place) { [listener] bytes in
      let name = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
      guard bind(listener, name, size) == 0, listen(listener, 16) == 0,
        getsockname(listener, name, &size) == 0
      else { return 0 }
      return Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
    }
    guard port > 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    Thread.detachNewThread { [weak self, listener] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, self != nil else { break }
        Thread.detachNewThread { [weak self] in
          while let request = Self.read(connection), self?.answer(request, connection) == true {}
          close(connection)
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// Serves `file` with ranges and an entity tag, and drops the connection after each of `drops` bytes in turn.
  package convenience init(_ file: Data, drops: [Int] = []) throws {
    try self.init { request, index in
      Self.ranged(file, request, tag: "\"1\"", drops: index < drops.count ? drops[index] : nil)
    }
  }

  /// The reply of a server that knows ranges.
  package static func ranged(_ file: Data, _ request: Request, tag: String, drops: Int? = nil) -> Reply {
    var reply = Reply(headers: ["ETag": tag], body: file, drops: drops)
    let start = request.start
    guard start > 0, request.headers["if-range"].map({ $0 == tag }) ?? true else { return reply }
    guard start < file.count else {
      return Reply(status: "416 Range Not Satisfiable", headers: ["Content-Range": "bytes */\(file.count)"])
    }
    reply.status = "206 Partial Content"
    reply.headers["Content-Range"] = "bytes \(start)-\(file.count - 1)/\(file.count)"
    reply.body = file[start...]
    return reply
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard recv(connection, &byte, 1, 0) == 1 else { return nil }
      bytes.append(byte)
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map(String.init)
    let pairs = lines.dropFirst().compactMap { line -> (String, String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      return (
        line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      )
    }
    return lines.first.map { Request(line: $0, headers: Dictionary(pairs) { first, _ in first }) }
  }

  /// Answers, and says whether the connection stays.
  private func answer(_ request: Request, _ connection: Int32) -> Bool {
    let index = received.withLock { requests in
      requests.append(request)
      return requests.count - 1
    }
    let reply = reply(request, index)
    var head = "HTTP/1.1 \(reply.status)\r\n"
    // A tunnel's beginning has no body, and so no length.
    if !request.line.hasPrefix("CONNECT") { head += "Content-Length: \(reply.body.count)\r\n" }
    for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
    let body = reply.body.prefix(reply.drops ?? reply.body.count)
    let half = body.prefix(body.count / 2)
    guard send(Data((head + "\r\n").utf8) + half, connection) else { return false }
    if reply.delay > 0 { Thread.sleep(forTimeInterval: reply.delay) }
    guard send(Data(body.dropFirst(half.count)), connection) else { return false }
    // Bytes that are still under way when a connection drops are lost.
    if reply.drops != nil { Thread.sleep(forTimeInterval: 0.05) }
    return reply.drops == nil
  }

  private func send(_ data: Data, _ connection: Int32) -> Bool {
    data.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) -> Bool in
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let sent = Foundation.send(connection, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
        guard sent > 0 else { return false }
        rest = rest.dropFirst(sent)
      }
      return true
    }
  }
}
