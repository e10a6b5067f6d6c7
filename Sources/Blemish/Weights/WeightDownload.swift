import AsyncHTTPClient
import Backbones
import Foundation

/// What there is to say of a file that is being fetched.
public enum DownloadProgress: Sendable, Equatable {
  /// So many bytes have come, of so many if the server says how many there are.
  case received(name: String, bytes: Int, total: Int?)
  /// Something went otherwise than planned.
  case note(String)
}

/// How long a transfer is tried.
struct DownloadPatience: Sendable {
  /// Attempts in succession that bring nothing new before it is given up.
  var attempts = 6
  /// The pause after the first of them; each further one is twice as long.
  var pause = Duration.seconds(1)
  /// Seconds until a connection stands.
  var connecting: Int64 = 15
  /// Seconds without a byte.
  var silence: Int64 = 60
}

/// One file's transfer over HTTP, in as many requests as it takes.
struct WeightDownload {
  let name: String
  let address: String
  /// The bytes at which the file is too large to be what it should be.
  let limit: Int
  let environment: [String: String]
  let patience: DownloadPatience

  /// Fetches what the partial file lacks.
  /// - Returns: the SHA-256 that the server says the file has, where it says so.
  func fetch(to file: PartialFile, progress: (DownloadProgress) -> Void) async throws -> String? {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .follow(max: 5, allowCycles: false),
      timeout: .init(connect: .seconds(patience.connecting), read: .seconds(patience.silence)),
      proxy: try proxy(for: address, environment: environment)
    )
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
      var furthest = file.count
      var failures = 0
      while true {
        do {
          return try await attempt(client, file, progress)
        } catch let error where !(error is BackboneError) {
          // Whatever is not for the user to mend may pass: a dropped connection, a server that is busy.
          if Task.isCancelled { throw CancellationError() }
          if file.count > furthest { (furthest, failures) = (file.count, 0) }
          failures += 1
          let reason = plain(error)
          guard failures < patience.attempts else { throw gaveUp(reason, having: file.count) }
          let pause = patience.pause * (1 << min(failures - 1, 5))
          progress(.note("\(name): \(reason); trying again from byte \(file.count) in \(pause)"))
          try await Task.sleep(for: pause)
        }
      }
    }
  }

  private func gaveUp(_ reason: String, having count: Int) -> BackboneError {
    BackboneError(
      "\(address): cannot be fetched: \(reason). "
        + (count > 0 ? "\(count) bytes have come; the same command goes on from there. " : "")
        + "A file fetched by other means is taken by 'blemish backbones import FILE'."
    )
  }

  /// What went wrong, in few words: the errors of sockets bury the system's text.
  private func plain(_ error: any Error) -> String {
    if let error = error as? HTTPClientError { return error.shortDescription }
    let text = "\(error)"
    guard let code = text.firstMatch(of: /errno: (\d+)/).flatMap({ Int32($0.1) }) else { return text }
    return String(cString: strerror(code))
  }

  private func attempt(
    _ client: HTTPClient,
    _ file: PartialFile,
    _ progress: (DownloadProgress) -> Void
  ) async throws -> String? {
    var request = HTTPClientRequest(url: address)
    request.headers.add(name: "User-Agent", value: "blemish/\(blemishVersion)")
    request.headers.add(name: "Accept-Encoding", value: "identity")
    if file.count > 0 {
      request.headers.add(name: "Range", value: "bytes=\(file.count)-")
      if let version = file.version { request.headers.add(name: "If-Range", value: version) }
    }
    let response = try await client.execute(request, deadline: .distantFuture)
    // Hugging Face names a large file's SHA-256 where it redirects to the file's storage.
    let linkedHash = response.history.lazy.compactMap { $0.responseHead.headers.first(name: "X-Linked-ETag") }
      .map { $0.filter { $0 != "\"" }.lowercased() }.first { $0.count == 64 && $0.allSatisfy(\.isHexDigit) }
    let version = version(of: response)
    let range = response.headers.first(name: "Content-Range").map(ContentRange.init)
    let total: Int?
    switch response.status.code {
    case 200:
      if file.count > 0 { progress(.note("\(name): the server cannot go on from there; from the start")) }
      try file.restart(version: version)
      total = response.headers.first(name: "Content-Length").flatMap { Int($0) }
    case 206:
      let isSame = file.version == nil || version == nil || version == file.version
      guard let range, range.start == file.count, isSame else {
        try file.restart(version: nil)
        throw PassingFailure("the server has sent another part than the one asked for")
      }
      total = range.total
    case 416:
      if let range, range.total == file.count, file.count > 0 { return linkedHash }
      try file.restart(version: nil)
      throw PassingFailure("the server has no such part")
    case 408, 425, 429, 500...599:
      throw PassingFailure("the server answers \(response.status)")
    default:
      throw BackboneError(
        "\(address): the server answers \(response.status). A file fetched by other means is taken by 'blemish "
          + "backbones import FILE'; BLEMISH_WEIGHTS_URL names a mirror."
      )
    }
    try checkSize(total ?? 0, file)
    progress(.received(name: name, bytes: file.count, total: total))
    for try await chunk in response.body {
      try checkSize(file.count + chunk.readableBytes, file)
      try chunk.withUnsafeReadableBytes(file.append)
      progress(.received(name: name, bytes: file.count, total: total))
    }
    if let total, file.count != total {
      if file.count > total { try file.restart(version: nil) }
      throw PassingFailure("the server has sent \(file.count) of \(total) bytes")
    }
    return linkedHash
  }

  private func checkSize(_ bytes: Int, _ file: PartialFile) throws {
    guard bytes > limit else { return }
    file.delete()
    throw BackboneError(
      "\(address): the server sends \(bytes) bytes or more, too many for \(name) (at most \(limit)): it is another "
        + "file."
    )
  }

  /// What changes when the file does: a weak entity tag promises too little.
  private func version(of response: HTTPClientResponse) -> String? {
    let tag = response.headers.first(name: "ETag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
    return tag ?? response.headers.first(name: "Last-Modified")
  }
}

/// Something that may be different the next time.
private struct PassingFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// `bytes 100-199/200`, or `bytes */200`; either number may be unknown.
private struct ContentRange {
  let start: Int?
  let total: Int?

  init(_ header: String) {
    let parts = header.drop { !$0.isNumber && $0 != "*" }.split(separator: "/")
    start = parts.first?.split(separator: "-").first.flatMap { Int($0) }
    total = parts.count == 2 ? Int(parts[1]) : nil
  }
}
