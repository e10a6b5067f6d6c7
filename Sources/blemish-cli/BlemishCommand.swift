import ArgumentParser
import BlemishSupport
import BlemishTorch
import Foundation

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
      Train.self, Predict.self, Merge.self, Evaluate.self, Compare.self, Calibrate.self, Info.self,
      BackbonesCommand.self,
      Import.self, Export.self, Pretrain.self, BenchmarkCommand.self, Demo.self, Serve.self,
    ])

  /// Runs the tool: exit status 2 for wrong usage, 1 for everything else that went wrong.
  static func main() async {
    Torch.keepFreedMemory()
    StandardOutput.writeLineByLine()
    Crashes.endAtOnce()
    ignoreFileSizeSignal()
    let arguments = Array(commandLineArguments().dropFirst())
    do {
      try NamesLikeOptions.check(arguments)
      try await Interruption.run {
        var command = try parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
          try await asynchronous.run()
        } else {
          try command.run()
        }
      }
      try StandardOutput.flush()
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch is CancellationError {
      complain("stopped")
      Foundation.exit(130)
    } catch {
      let status = exitCode(for: error)
      if status == .success {
        print(fullMessage(for: error))
        return
      }
      guard status == .validationFailure else {
        complain("Error: \(ErrorAdvice.text(of: error))")
        Foundation.exit(1)
      }
      complain(fullMessage(for: error))
      Foundation.exit(2)
    }
  }
}
