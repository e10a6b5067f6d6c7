import ArgumentParser
import BlemishImaging
import BlemishSupport
import Foundation

/// Files whose names begin with a dash, which would be taken for options: `-dash.png` holds a `-h`.
enum NamesLikeOptions {
  /// - Throws: `ValidationError` that says how to write such a name.
  static func check(_ arguments: some Sequence<String>) throws {
    for argument in arguments {
      guard argument != "--" else { return }
      guard argument.hasPrefix("-"), argument.utf8.count > 2 else { continue }
      let ending = (argument as NSString).pathExtension.lowercased()
      let isPicture = Picture.fileExtensions.contains(ending) && !argument.contains("=")
      guard isPicture || FileStatus(argument) != nil else { continue }
      throw ValidationError(
        "'\(printable(argument))' begins with a dash and would be taken for an option: write './\(printable(argument))'"
      )
    }
  }
}
