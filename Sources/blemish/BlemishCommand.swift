import ArgumentParser
import Blemish
import Foundation
import Torch

@main
struct BlemishCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blemish",
    abstract: "Finds what is wrong in pictures, having seen only good ones.",
    discussion: """
      First 'blemish train FOLDER --output part.blemish' with pictures of good parts, then
      'blemish predict part.blemish PICTURE...'. 'blemish demo' shows the whole on generated pictures.
      """,
    version: blemishVersion,
    subcommands: [
      Train.self, Predict.self, Evaluate.self, Compare.self, Calibrate.self, Info.self, BackbonesCommand.self,
      Import.self, Export.self, Pretrain.self, BenchmarkCommand.self, Demo.self,
    ])

  /// Runs the tool: exit status 2 for wrong usage, 1 for everything else that went wrong.
  static func main() async {
    Torch.keepFreedMemory()
    StandardOutput.writeLineByLine()
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      try StandardOutput.flush()
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch {
      let status = exitCode(for: error)
      if status == .success {
        print(fullMessage(for: error))
        return
      }
      complain(fullMessage(for: error))
      Foundation.exit(status == .validationFailure ? 2 : 1)
    }
  }
}

/// Prints a line to standard error.
func complain(_ text: String) { complain(unended: text + "\n") }

/// Prints to standard error. Where that cannot be written, on a full disk for instance, nothing is said: no training is
/// to end for it.
func complain(unended text: String) {
  try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}
