import ArgumentParser
import Blemish
import Foundation
import Torch

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
      the published U-Flow loads whole; once for each part.
      """)
  var weights: [String] = []

  @Flag(
    help: "Leaves the backbone out of a U-Flow's checkpoint; the published loader then needs strict=False.")
  var withoutBackbone = false

  func validate() throws {
    let kind = URL(fileURLWithPath: output).pathExtension.lowercased()
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
    let loaded = try Model(contentsOf: model, weights: weights)
    let notes = try loaded.export(to: output, options: options)
    print("\(output): \(loaded.configuration.detector), as its published code loads it")
    for note in notes { complain("\(output): \(note)") }
  }
}
