import ArgumentParser
import BlemishSupport
import Foundation

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Starts the inspection station: it watches, judges, shows and remembers.",
    discussion: """
      The station is a program of its own, blemish-station, which 'make station' builds. It is looked for beside this \
      one, then in the folders of PATH, and gets all arguments: 'blemish serve --models demo', 'blemish serve token add \
      NAME --role machine', 'blemish serve --help'.
      """)

  @Argument(parsing: .captureForPassthrough, help: "What the station is told.")
  var arguments: [String] = []

  func run() throws {
    let name = "blemish-station"
    let own =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    let folders =
      [folderName(own)]
      + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    // Within the sources, each is built in a folder of its own.
    let built = folderName(own) + "/../../../Station/.build/release"
    guard let program = (folders + [built]).map({ $0 + "/" + name }).first(where: { access($0, X_OK) == 0 })
    else {
      throw ToolError(
        "\(name) is neither beside \(printable(own)) nor in a folder of PATH: 'make station' builds it")
    }
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    execv(program, words)
    throw ToolError("\(printable(program)): \(String(cString: strerror(errno)))")
  }
}
