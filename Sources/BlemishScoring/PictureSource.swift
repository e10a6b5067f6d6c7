import BlemishSupport
import BlemishWeights
import Foundation

/// The bytes of a part's pictures. Those at addresses are fetched ahead, over so many connections at a time, by threads
/// of their own; nothing is kept of a picture once it was taken.
final class PictureSource: @unchecked Sendable {
  private let rows: [ManifestRow]
  /// The rows with addresses.
  private let remote: [Int]
  private let ahead: Int
  /// Guards everything below, and tells of every change.
  private let changed = NSCondition()
  private var next = 0
  private var waiting = 0
  private var fetched: [Int: Result<Data, any Error>] = [:]
  private var stopped = false
  private let finished = DispatchGroup()

  /// Begins to fetch.
  init(_ rows: [ManifestRow], connections: Int, makeFiles: @escaping @Sendable () -> WebFiles) {
    self.rows = rows
    remote = rows.indices.filter { if case .address = rows[$0].place { true } else { false } }
    ahead = 2 * connections
    for _ in 0..<min(connections, remote.count) {
      finished.enter()
      startBackgroundThread("blemish.fetching") { [self] in
        fetch(makeFiles())
        finished.leave()
      }
    }
  }

  /// The bytes of a picture, which are waited for. To be called once for each, and in about the rows' order.
  /// - Throws: `FileSystemError`; `WebFileError`; `CancellationError` once it was stopped.
  func contents(_ index: Int) throws -> Data {
    switch rows[index].place {
    case .file(let path):
      let data = try readRegularFile(path)
      guard !data.isEmpty else { throw FileSystemError.empty(path: path) }
      return data
    case .address:
      changed.lock()
      defer { changed.unlock() }
      while !stopped {
        if let result = fetched.removeValue(forKey: index) {
          waiting -= 1
          changed.broadcast()
          return try result.get()
        }
        changed.wait()
      }
      throw CancellationError()
    }
  }

  /// Ends what is still being fetched, and waits until it has ended.
  func stop() {
    changed.lock()
    stopped = true
    changed.broadcast()
    changed.unlock()
    finished.wait()
  }

  private var goesOn: Bool {
    changed.lock()
    defer { changed.unlock() }
    return !stopped
  }

  private func fetch(_ files: WebFiles) {
    while let index = take() {
      guard case .address(let address) = rows[index].place else { continue }
      let result = Result { try files.contents(of: address) { [self] in goesOn } }
      changed.lock()
      fetched[index] = result
      changed.broadcast()
      changed.unlock()
    }
  }

  /// The next row to be fetched, once there is room for it.
  private func take() -> Int? {
    changed.lock()
    defer { changed.unlock() }
    while !stopped, next < remote.count, waiting >= ahead { changed.wait() }
    guard !stopped, next < remote.count else { return nil }
    defer { (next, waiting) = (next + 1, waiting + 1) }
    return remote[next]
  }
}
