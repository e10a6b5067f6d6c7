import Blemish
import Foundation

/// Watches a folder into which other programs put pictures, through inotify. A file counts when it is whole: when who
/// wrote it closes it, or it is moved there. What lies there at the start counts when it has not changed for a second.
struct FolderSource {
  let source: SourceConfiguration
  let path: String
  let moved: String?
  let receiver: any SourceReceiver

  init(_ source: SourceConfiguration, path: String, moved: String?, receiver: any SourceReceiver) {
    (self.source, self.path, self.moved, self.receiver) = (source, path, moved, receiver)
  }

  /// Watches until the task is cancelled. A folder that goes away is waited for.
  func run() async {
    while !Task.isCancelled {
      do {
        try await watch()
      } catch is CancellationError {
        return
      } catch {
        receiver.note(source) { state in
          state.isUp = false
          state.error = "\(error)"
        }
        try? await Task.sleep(for: .seconds(2))
      }
    }
  }

  private struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private func watch() async throws {
    let notify = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard notify >= 0 else { throw Failure(description: "inotify: \(String(cString: strerror(errno)))") }
    defer { close(notify) }
    let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
    guard inotify_add_watch(notify, path, events) >= 0 else {
      throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
    receiver.note(source) { state in
      state.isUp = true
      state.error = nil
    }
    // Watched first, then looked at: nothing falls between.
    try await takeWhatIsThere()
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      try Task.checkCancellation()
      let count = read(notify, &buffer, buffer.count)
      guard count > 0 else {
        try await Task.sleep(for: .milliseconds(50))
        continue
      }
      var names: [String] = []
      var overflowed = false
      var place = 0
      while place + MemoryLayout<inotify_event>.size <= count {
        let event = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: inotify_event.self) }
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { overflowed = true }
        if event.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) != 0 {
          throw Failure(description: "\(path): the folder is gone")
        }
        let start = place + MemoryLayout<inotify_event>.size
        let bytes = buffer[start..<min(start + Int(event.len), count)].prefix { $0 != 0 }
        if !bytes.isEmpty { names.append(String(decoding: bytes, as: UTF8.self)) }
        place = start + Int(event.len)
      }
      for name in names { try await take(name) }
      if overflowed { try await takeWhatIsThere() }
    }
  }

  private func takeWhatIsThere() async throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    for name in names where isPicture(name) {
      while let state = ModelFileState(path: path + "/" + name), Int(time(nil)) - state.seconds < 1 {
        try await Task.sleep(for: .milliseconds(300))
      }
      try await take(name)
    }
  }

  private func isPicture(_ name: String) -> Bool {
    guard !name.hasPrefix("."), let ending = name.split(separator: ".").last?.lowercased() else {
      return false
    }
    return Picture.fileExtensions.contains(ending)
  }

  private func take(_ name: String) async throws {
    let file = path + "/" + name
    guard isPicture(name), let state = ModelFileState(path: file) else { return }
    // What is left in the folder is not judged twice.
    let changed = Int64(state.seconds) * 1_000_000 + Int64(state.nanoseconds / 1_000)
    if moved == nil, try await receiver.isJudged(file, of: source, changed: changed) { return }
    do {
      guard Int(state.size) <= receiver.maximumBytes else {
        throw Failure(description: "\(file): larger than a picture may be")
      }
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
      try await receiver.take(bytes, name: file, from: source)
    } catch let error as CancellationError {
      throw error
    } catch {
      receiver.note(source) { $0.error = "\(error)" }
      return
    }
    guard let moved else { return }
    do {
      try FileManager.default.createDirectory(atPath: moved, withIntermediateDirectories: true)
    } catch {
      throw Failure(description: "\(moved): the folder cannot be made")
    }
    guard rename(file, moved + "/" + name) == 0 || errno == ENOENT else {
      throw Failure(description: "\(moved): \(String(cString: strerror(errno)))")
    }
  }
}
