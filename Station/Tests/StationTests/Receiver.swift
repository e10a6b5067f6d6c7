import Foundation

/// A server that takes posts, such as a webhook's other side, and can be out of order.
final class Receiver: @unchecked Sendable {
  struct Post: Sendable {
    var headers: [String: String]
    var body: [UInt8]

    var object: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }
  }

  let port: UInt16
  private let listener: Int32
  private let lock = NSLock()
  private var received: [Post] = []
  private var answer = 200
  private var closed = false

  init(port: UInt16 = 0) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        let done = bind(listener, $0, length) == 0 && listen(listener, 16) == 0
        getsockname(listener, $0, &length)
        return done
      }
    }
    guard bound else { throw POSIXError(.EADDRINUSE) }
    self.port = UInt16(bigEndian: address.sin_port)
    Thread { [weak self] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        self?.serve(client)
        close(client)
      }
    }.start()
  }

  var posts: [Post] { lock.withLock { received } }

  /// What is answered from now on.
  func answer(_ status: Int) { lock.withLock { answer = status } }

  /// Nobody listens any more.
  func end() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func serve(_ client: Int32) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      if let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          if parts.count == 2 {
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
          }
        }
        let length = Int(headers["content-length"] ?? "0") ?? 0
        if bytes.count >= head.upperBound + length {
          let post = Post(headers: headers, body: Array(bytes[head.upperBound..<(head.upperBound + length)]))
          let status: Int = lock.withLock {
            if answer == 200 { received.append(post) }
            return answer
          }
          let text = Array("HTTP/1.1 \(status) x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
          _ = send(client, text, text.count, Int32(MSG_NOSIGNAL))
          return
        }
      }
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      bytes += buffer[..<count]
    }
  }
}

/// Waits until something holds.
func waits(seconds: Double = 30, _ condition: () async throws -> Bool) async throws -> Bool {
  let end = ContinuousClock.now.advanced(by: .seconds(seconds))
  while ContinuousClock.now < end {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return try await condition()
}
