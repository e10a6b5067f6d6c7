import ArgumentParser
import BlemishImaging
import BlemishSupport

/// Whether files that are somebody else's may be replaced.
struct ForceOption: ParsableArguments {
  @Flag(
    help: """
      Replaces a file that Blemish has not written as one of the kind that goes there. Devices and pipes are never \
      replaced.
      """)
  var force = false

  /// Which files those of these kinds may take the place of.
  func replacement(_ kinds: OwnFile...) -> AtomicFile.Replacement { .own(kinds, force: force) }
}

/// The destination of a file that an option names: a file, or nowhere.
/// - Throws: `ValidationError` for standard output.
func fileDestination(_ path: String, option: String = "--output") throws -> OutputDestination {
  let destination = try OutputDestination(path)
  guard destination != .standardOutput else {
    throw ValidationError(
      "\(option) must name a file, or /dev/null for a run whose result is not kept, not '\(path)'")
  }
  return destination
}

/// The folder that an option names.
/// - Throws: `ValidationError` for the empty text, and for standard output.
func checkFolder(_ path: String?, option: String) throws {
  guard let path else { return }
  guard !path.isEmpty else {
    throw ValidationError("\(option) needs the name of a folder; it was given none")
  }
  guard path != "-", path != "/dev/stdout" else {
    throw ValidationError("\(option) must name a folder, not standard output")
  }
}

/// How large pictures may be.
struct PixelLimit: ParsableArguments {
  @Option(
    help: """
      The most pixels that a picture may have; a larger one is that picture's error, before memory is taken for it.
      """)
  var maxPixels = Picture.maximumPixelCount

  func validate() throws {
    guard maxPixels >= 1 else { throw ValidationError("--max-pixels must be at least 1, not \(maxPixels)") }
  }
}
