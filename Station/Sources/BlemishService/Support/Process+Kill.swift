import Foundation

extension Process {
  /// Ends a child at once. A child inherits the signals that its parent's thread blocks, SIGTERM among them.
  func kill() {
    guard isRunning else { return }
    Glibc.kill(processIdentifier, SIGKILL)
  }
}
