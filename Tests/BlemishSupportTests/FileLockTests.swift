import BlemishSupport
import Foundation
import Testing

@Suite struct FileLockTests {
  private func withPath(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "/blemish-lock-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder + "/work.lock")
  }

  @Test func oneHoldsItAtATime() throws {
    try withPath { path in
      var first = try FileLock.take(path)
      #expect(first != nil)
      #expect(try FileLock.take(path) == nil)
      first = nil
      #expect(try FileLock.take(path) != nil)
    }
  }

  @Test func aProcessThatIsKilledHoldsItNoLonger() throws {
    try withPath { path in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
      // Without --no-fork the sleeper would be another process that holds the file, too.
      process.arguments = ["--no-fork", path, "sleep", "60"]
      try process.run()
      let end = ContinuousClock.now + .seconds(30)
      while try FileLock.take(path) != nil, ContinuousClock.now < end { usleep(10_000) }
      #expect(try FileLock.take(path) == nil)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      var waited = false
      _ = try FileLock.wait(for: path) { waited = true }
      #expect(!waited)
    }
  }

  @Test func aLockOnAFileThatWasRemovedIsNone() throws {
    try withPath { path in
      let first = try FileLock.take(path)
      unlink(path)
      // The next one makes a file of its own, and nobody else gets that.
      let second = try FileLock.take(path)
      #expect(second != nil)
      #expect(try FileLock.take(path) == nil)
      withExtendedLifetime((first, second)) {}
    }
  }

  @Test func waitingEndsWithTheTask() async throws {
    let path = NSTemporaryDirectory() + "/blemish-lock-" + UUID().uuidString
    defer { unlink(path) }
    let held = try FileLock.take(path)
    let task = Task.detached { try FileLock.wait(for: path) {} }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    withExtendedLifetime(held) {}
  }
}
