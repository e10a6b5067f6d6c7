import Foundation

/// The JPEG pictures of a stream, one behind the other: the newest one that was not asked for yet is kept.
final class FrameStream: Sendable {
  /// A picture.
  struct Frame: Sendable {
    var bytes: [UInt8]
    /// Its number in the stream.
    var number: Int
    /// How many came before it that nobody asked for.
    var skipped: Int
  }

  /// No picture came for too long.
  struct Silent: Error, CustomStringConvertible {
    var description: String { "no picture comes" }
  }

  private struct State {
    var newest: Frame?
    var count = 0
    var ended = false
  }

  private let maximumBytes: Int
  private let state = Locked(State())

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Reads a stream to its end on a thread of its own.
  func read(_ handle: FileHandle) {
    let thread = Thread { [self] in
      var parser = JPEGSplitter(maximumBytes: maximumBytes)
      while !state.with({ $0.ended }) {
        let data = handle.availableData
        if data.isEmpty { break }
        for bytes in parser.take(data) { add(bytes) }
      }
      end()
    }
    thread.name = "blemish.camera"
    thread.start()
  }

  private func add(_ bytes: [UInt8]) {
    state.with { state in
      let skipped = state.newest.map { $0.skipped + 1 } ?? 0
      state.newest = Frame(bytes: bytes, number: state.count, skipped: skipped)
      state.count += 1
    }
  }

  /// Nothing more is asked for.
  func end() { state.with { $0.ended = true } }

  /// The newest picture; nil at the end of the stream.
  /// - Throws: ``Silent``; `CancellationError`.
  func next(within seconds: Double) async throws -> Frame? {
    let limit = ContinuousClock.now.advanced(by: .seconds(seconds))
    while ContinuousClock.now < limit {
      let (frame, ended) = state.with { state in
        defer { state.newest = nil }
        return (state.newest, state.ended)
      }
      if let frame { return frame }
      if ended { return nil }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Silent()
  }
}

/// Takes a stream of JPEG pictures apart. Within a picture's data a byte of 255 is followed by 0 or a restart marker, so
/// the marker of its end is what it seems.
struct JPEGSplitter {
  private var buffer: [UInt8] = []
  private var searched = 0
  private let maximumBytes: Int

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// The pictures that end in the next part of the stream.
  mutating func take(_ data: some Sequence<UInt8>) -> [[UInt8]] {
    buffer.append(contentsOf: data)
    var pictures: [[UInt8]] = []
    while true {
      var end: Int?
      var index = max(searched, 1)
      while index < buffer.count {
        if buffer[index] == 0xD9 && buffer[index - 1] == 0xFF {
          end = index + 1
          break
        }
        index += 1
      }
      guard let end else {
        searched = buffer.count
        // What grows without end is no picture.
        if buffer.count > maximumBytes { (buffer, searched) = ([], 0) }
        return pictures
      }
      let bytes = Array(buffer[..<end])
      buffer.removeFirst(end)
      searched = 0
      if bytes.starts(with: [0xFF, 0xD8]) { pictures.append(bytes) }
    }
  }
}
