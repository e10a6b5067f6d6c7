import ArgumentParser
import BlemishService
import Foundation
import Logging

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves the models of a folder.",
    discussion: """
      What the command line says comes before what the file says. Without tokens only this machine is let in; on another \
      --host tokens are needed, or --open. SIGTERM and Ctrl-C end the station when it has answered what it took.
      """)

  @Argument(help: "A YAML file; docs/how-to/station.md describes it.")
  var configuration: String?

  @Option(help: "The folder of models.")
  var models: String?

  @Option(help: "The station's own folder, with history, pictures and tokens.")
  var data: String?

  @Option(help: "Where to listen.")
  var host: String?

  @Option(help: "The port; 0 for any that is free.")
  var port: Int?

  @Flag(help: "Lets everybody in who can reach the station.")
  var open = false

  @Flag(help: "Logs every request.")
  var logRequests = false

  func validate() throws {
    if let port, !(0...65_535).contains(port) { throw ValidationError("--port must be from 0 to 65535") }
  }

  func run() async throws {
    var station = try configuration.map(StationConfiguration.init(contentsOf:)) ?? StationConfiguration()
    station.models = models ?? station.models
    station.data = data ?? station.data
    station.host = host ?? station.host
    station.port = port ?? station.port
    station.open = open || station.open
    station.logsRequests = logRequests || station.logsRequests
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    let scheme = station.certificate == nil ? "http" : "https"
    let host = station.host
    let running = try Station(station, logger: Logger(label: "blemish"))
    try await running.serve { port in
      print("\(scheme)://\(host):\(port)/")
      fflush(nil)
    }
  }
}
