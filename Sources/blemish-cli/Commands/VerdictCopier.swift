import ArgumentParser
import BlemishCore
import BlemishSupport
import Foundation

/// Where the pictures of a verdict are copied to.
struct VerdictFolder: ExpressibleByArgument {
  var verdict: Verdict
  var folder: String

  /// - Parameter argument: such as `anomalous=FOLDER`.
  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let verdict = Verdict(rawValue: parts[0]), !parts[1].isEmpty else { return nil }
    (self.verdict, folder) = (verdict, parts[1])
  }
}

/// Copies pictures into folders by their verdict, each to the place that its path names.
struct VerdictCopier: Sendable {
  private let folders: [Verdict: [String]]
  private let inputs: [InputPictures.Input]
  private let force: Bool

  /// Makes the folders.
  /// - Throws: an error that names a folder in which nothing can be written.
  init(_ folders: [VerdictFolder], inputs: [InputPictures.Input], force: Bool) throws {
    self.folders = Dictionary(grouping: folders, by: \.verdict).mapValues { $0.map(\.folder) }
    self.inputs = inputs
    self.force = force
    for folder in Set(folders.map(\.folder)) {
      try makeFolder(folder)
      try AtomicFile.check(folder + "/.blemish-copy")
    }
  }

  /// Copies a picture where its verdict is to be.
  /// - Throws: `OutputError` where another file of that name is there, or the copy cannot be written.
  func copy(index: Int, _ verdict: Verdict) throws {
    guard let folders = folders[verdict] else { return }
    let input = inputs[index]
    do {
      let content = try readRegularFile(input.path)
      for folder in folders {
        let target = "\(folder)/\(input.name)" + ending(input)
        try makeFolder(folderName(target))
        // A copy of an earlier run is as good as a new one.
        if (try? readRegularFile(target)) == content { continue }
        guard force || FileStatus(target) == nil else {
          throw OutputError(
            description:
              "\(printable(target)): another file is there; name another --copy folder, or replace it with --force"
          )
        }
        try AtomicFile.replace(target, with: [content])
      }
    } catch let error as OutputError {
      throw error
    } catch {
      throw OutputError(description: ErrorAdvice.text(of: error))
    }
  }

  private func ending(_ input: InputPictures.Input) -> String {
    guard let point = input.path.lastIndex(of: "."), !input.path[point...].contains("/") else { return "" }
    let ending = String(input.path[point...])
    return input.name.hasSuffix(ending) ? "" : ending
  }
}

/// SHA-256 of a file's content, in hexadecimal digits.
/// - Throws: `FileSystemError`.
func fileHash(_ path: String) throws -> String {
  hexadecimal(SHA256.hash(try readRegularFile(path)))
}
