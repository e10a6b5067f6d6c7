import Foundation
import Synchronization

/// Ctrl-C: asks long work to stop after the step that it is at; a second one ends the process at once.
enum Interruption {
  private static let wanted = Atomic<Bool>(false)

  /// Whether the user has asked to stop.
  static var isWanted: Bool { wanted.load(ordering: .relaxed) }

  /// Starts to listen for Ctrl-C and for the terminal's or a supervisor's wish to end.
  static func listen() {
    // Whoever started the program may have left the signals blocked: a program's threads often do.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signalNumber in [SIGINT, SIGTERM] {
      sigaddset(&signals, signalNumber)
      signal(signalNumber) { number in
        if Interruption.wanted.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
