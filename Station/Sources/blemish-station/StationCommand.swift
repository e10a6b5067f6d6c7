import ArgumentParser
import BlemishService
import Foundation

@main
struct StationCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blemish-station",
    abstract: "The inspection station: watches, judges, shows and remembers.",
    discussion: "'blemish serve' starts this program. docs/how-to/station.md tells how to work with it.",
    version: stationVersion, subcommands: [Serve.self, Token.self, Backup.self, Learn.self],
    defaultSubcommand: Serve.self
  )

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as StationError {
      FileHandle.standardError.write(Data("blemish-station: \(error)\n".utf8))
      Foundation.exit(1)
    } catch {
      exit(withError: error)
    }
  }
}

/// The folder of a station's own data.
struct DataOption: ParsableArguments {
  @Option(help: "The station's own folder, with history, pictures and tokens.")
  var data = "station"
}
