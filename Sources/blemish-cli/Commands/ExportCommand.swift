import ArgumentParser
import BlemishBackbones
import BlemishCore
import BlemishDetectors
import BlemishExchange
import BlemishSupport
import BlemishTorch
import Foundation

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a model as a checkpoint that its detector's published code loads.",
    discussion: """
      The extension says what is written: .ckpt, .pt and .pth files that torch.load(..., weights_only=True) reads, \
      or .safetensors with the same names.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Option(help: "Where the checkpoint goes: .ckpt, .pt, .pth or .safetensors.")
  var output: String

  @Option(
    name: .customLong("weights"),
    help: """
      A file with all published tensors of the backbone, for a model that does not hold them, and for CaiT, which \
      published code loads whole; once for each part.
      """)
  var weights: [String] = []

  @Flag(
    help:
      "Leaves the backbone out of the checkpoint; a published loader that wants it then needs strict=False.")
  var withoutBackbone = false

  @OptionGroup var force: ForceOption

  func validate() throws {
    if try fileDestination(output) == .nowhere {
      throw ValidationError("--output needs a file whose extension says what to write, not \(output)")
    }
    let kind = (output as NSString).pathExtension.lowercased()
    guard Model.exportExtensions.contains(kind) else {
      throw ValidationError(
        "--output needs an extension that says what to write: "
          + Model.exportExtensions.map { ".\($0)" }.joined(separator: ", "))
    }
  }

  func run() throws {
    var options = ExportOptions()
    options.includesBackbone = !withoutBackbone
    options.wholeBackbone = weights
    options.replacesForeignFiles = force.force
    var reading = ModelReading()
    reading.weights = weights
    reading.allowsUnfinished = true
    let loaded = try Model(contentsOf: model, reading)
    let notes = try loaded.export(to: output, options: options)
    print("\(printable(output)): \(loaded.configuration.detector), as its published code loads it")
    for note in notes { complain("\(output): \(note)") }
  }
}
