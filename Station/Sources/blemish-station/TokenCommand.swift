import ArgumentParser
import BlemishService
import Foundation

struct Token: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes and takes back the tokens with which others get in.",
    subcommands: [Add.self, List.self, Revoke.self])

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a token and prints it, once: only its hash is kept.")

    @Argument(help: "Who gets it.")
    var name: String

    @Option(
      help:
        "What they may do: machine (have pictures judged), operator (and review), engineer (and change models)."
    )
    var role: Role

    @OptionGroup var folder: DataOption

    func validate() throws {
      guard !name.isEmpty, name.utf8.count <= 64 else { throw ValidationError("the name may have 64 bytes") }
    }

    func run() throws { print(try TokenFile(folder: folder.data).add(name: name, role: role)) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists who has a token.")

    @OptionGroup var folder: DataOption

    func run() throws {
      for entry in try TokenFile(folder: folder.data).entries() {
        print("\(entry.name)\t\(entry.role.rawValue)\t\(entry.created.formatted(.iso8601))")
      }
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes a token back; a running station refuses it from the next request on.")

    @Argument(help: "Whose.")
    var name: String

    @OptionGroup var folder: DataOption

    func run() throws { try TokenFile(folder: folder.data).revoke(name: name) }
  }
}

extension Role: ExpressibleByArgument {}
