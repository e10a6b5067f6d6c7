import BlemishSupport
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
  var connecting = 15
  /// Seconds without a byte.
  var silence = 60
}

/// One file's transfer over HTTP, in as many requests as it takes.
struct WeightDownload {
  let name: String
  let address: String
  /// The bytes at which the file is too large to be what it should be.
  let limit: Int
  let environment: [String: String]
  let patience: DownloadPatience
  /// Headers beside the usual ones.
  var fields: [(name: String, value: String)] = []

  /// Fetches what the partial file lacks.
  /// - Returns: the SHA-256 that the server says the file has, where it says so.
  func fetch(to file: PartialFile, progress: @escaping (DownloadProgress) -> Void) async throws -> String? {
    let proxy = try proxy(for: address, environment: environment)
    var furthest = file.count
    var failures = 0
    while true {
      do {
        return try await attempt(file, proxy, progress)
      } catch let error where !(error is WeightsError) {
        // Whatever is not for the user to mend may pass: a dropped connection, a server that is busy.
        if Task.isCancelled { throw CancellationError() }
        if file.count > furthest { (furthest, failures) = (file.count, 0) }
        failures += 1
        let isLasting = (error as? HTTPFailure)?.isLasting == true
        guard failures < patience.attempts, !isLasting else { throw gaveUp("\(error)", having: file.count) }
        let pause = patience.pause * (1 << min(failures - 1, 5))
        progress(.note("\(name): \(error); trying again from byte \(file.count) in \(pause)"))
        try await Task.sleep(for: pause)
      }
    }
  }

  private func gaveUp(_ reason: String, having count: Int) -> WeightsError {
    WeightsError.unreachable(address: address, reason: reason, bytes: count)
  }

  private func attempt(
    _ file: PartialFile,
    _ proxy: Proxy?,
    _ progress: @escaping (DownloadProgress) -> Void
  ) async throws -> String? {
    var get = HTTPGet(
      address: address,
      fields: [("User-Agent", "blemish/\(blemishVersion)"), ("Accept-Encoding", "identity")] + fields,
      proxy: proxy,
      connecting: patience.connecting,
      silence: patience.silence
    )
    if file.count > 0 {
      get.fields.append(("Range", "bytes=\(file.count)-"))
      if let version = file.version { get.fields.append(("If-Range", version)) }
    }
    var linkedHash: String?
    var total: Int?
    try await get.send { head, redirects in
      // Hugging Face names a large file's SHA-256 where it redirects to the file's storage.
      linkedHash = (redirects + [head]).lazy.compactMap { $0["X-Linked-ETag"] }
        .map { $0.filter { $0 != "\"" }.lowercased() }.first { $0.count == 64 && $0.allSatisfy(\.isHexDigit) }
      let isWanted: Bool
      (isWanted, total) = try begin(file, with: head, progress)
      if isWanted {
        try checkSize(total ?? 0, file)
        progress(.received(name: name, bytes: file.count, total: total))
      }
      return isWanted
    } receive: { bytes in
      try checkSize(file.count + bytes.count, file)
      try file.append(bytes)
      progress(.received(name: name, bytes: file.count, total: total))
    }
    if let total, file.count != total {
      if file.count > total { try file.restart(version: nil) }
      throw PassingFailure("the server has sent \(file.count) of \(total) bytes")
    }
    return linkedHash
  }

  /// Makes the file ready for the body of an answer.
  /// - Returns: whether the body is wanted, and how long the file is in the end, where the server says so.
  private func begin(
    _ file: PartialFile,
    with head: HTTPHead,
    _ progress: (DownloadProgress) -> Void
  ) throws -> (isWanted: Bool, total: Int?) {
    let version = version(of: head)
    let range = head["Content-Range"].map(ContentRange.init)
    switch head.code {
    case 200:
      if file.count > 0 { progress(.note("\(name): the server cannot go on from there; from the start")) }
      try file.restart(version: version)
      return (true, head["Content-Length"].flatMap { Int($0) })
    case 206:
      let isSame = file.version == nil || version == nil || version == file.version
      guard let range, range.start == file.count, isSame else {
        try file.restart(version: nil)
        throw PassingFailure("the server has sent another part than the one asked for")
      }
      return (true, range.total)
    case 416:
      if let total = range?.total, total == file.count, total > 0 { return (false, total) }
      try file.restart(version: nil)
      throw PassingFailure("the server has no such part")
    case 408, 425, 429, 500...599:
      throw PassingFailure("the server answers \(head.status)")
    default:
      throw WeightsError.status(address: address, status: "\(head.status)")
    }
  }

  private func checkSize(_ bytes: Int, _ file: PartialFile) throws {
    guard bytes > limit else { return }
    file.delete()
    throw WeightsError.tooLarge(address: address, bytes: bytes, name: name, limit: limit)
  }

  /// What changes when the file does: a weak entity tag promises too little.
  private func version(of head: HTTPHead) -> String? {
    let tag = head["ETag"].flatMap { $0.hasPrefix("W/") ? nil : $0 }
    return tag ?? head["Last-Modified"]
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
