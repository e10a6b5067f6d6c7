import Foundation

/// Prints a line to standard error. What is in it of others, such as names of files, does nothing to a terminal.
func complain(_ text: String) { complain(unended: ErrorAdvice.withoutControls(text) + "\n") }

/// Prints to standard error. Where that cannot be written, on a full disk for instance, nothing is said: no training is
/// to end for it.
func complain(unended text: String) {
  try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}
