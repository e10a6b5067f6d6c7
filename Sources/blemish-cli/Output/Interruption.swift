import Foundation
import Synchronization

/// Ctrl-C, the terminal's end, or a supervisor's wish: cancels the running command's task, which stops after the step
/// that it is at. A second signal ends the process at once.
enum Interruption {
  private static let wanted = Atomic<Bool>(false)
  /// The ends of a pipe: a signal's handler may do little more than write to it.
  nonisolated(unsafe) private static var ends: (read: Int32, write: Int32) = (-1, -1)
  private static let task = Mutex<Task<Void, any Error>?>(nil)

  /// Runs a command so that ``listen()`` can cancel it.
  static func run(_ command: sending @escaping () async throws -> Void) async throws {
    let work = Task { try await command() }
    task.withLock { $0 = work }
    try await work.value
  }

  /// Starts to listen: from now on signals cancel the command, and no longer end it.
  static func listen() {
    var descriptors: [Int32] = [-1, -1]
    guard pipe(&descriptors) == 0 else { return }
    ends = (descriptors[0], descriptors[1])
    let thread = Thread {
      var byte: UInt8 = 0
      while read(ends.read, &byte, 1) == 1 { task.withLock { $0?.cancel() } }
    }
    thread.name = "blemish.signals"
    thread.start()
    // Whoever started the program may have left the signals blocked: a program's threads often do.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signalNumber in [SIGINT, SIGTERM, SIGHUP] {
      sigaddset(&signals, signalNumber)
      signal(signalNumber) { number in
        if Interruption.wanted.exchange(true, ordering: .relaxed) { _exit(128 + number) }
        var byte: UInt8 = 1
        _ = write(Interruption.ends.write, &byte, 1)
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
