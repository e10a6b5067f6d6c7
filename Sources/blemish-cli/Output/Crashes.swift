import Foundation

/// What happens when the process crashes.
enum Crashes {
  /// Lets a crash end the process at once. Swift's runtime would start another program that prints a backtrace, holds the
  /// pipes of the dead one and, on a terminal, waits for a key: whoever supervises the process would wait with it. Who
  /// sets SWIFT_BACKTRACE wants that and gets it.
  static func endAtOnce() {
    guard ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] == nil else { return }
    for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
  }
}
