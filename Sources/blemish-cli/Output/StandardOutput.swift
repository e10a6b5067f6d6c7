@preconcurrency import Foundation

/// Where results are printed.
enum StandardOutput {
  /// Whoever reads from a pipe gets every line when it is printed.
  static func writeLineByLine() { setvbuf(stdout, nil, _IOLBF, 0) }

  /// Waits until all that was printed is written.
  /// - Throws: ``OutputError`` where some of it was lost, on a full disk for instance.
  static func flush() throws {
    guard fflush(stdout) == 0, ferror(stdout) == 0 else {
      throw OutputError(
        description: "standard output: not all could be written: \(String(cString: strerror(errno)))")
    }
  }
}
