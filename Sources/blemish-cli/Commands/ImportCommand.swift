import ArgumentParser
import BlemishCore
import BlemishExchange
import BlemishSupport
import BlemishTorch

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a model of a checkpoint of a detector's published code.",
    discussion: """
      The checkpoint (.ckpt, .pt, .pth, .safetensors) is read without Python, and nothing in it is executed. What \
      it does not say is asked for. Weights of the backbone are taken from the checkpoint itself, else from the \
      files given with --weights, else from those that 'blemish backbones' has pulled or imported.
      """)

  @Argument(help: "The checkpoint.")
  var checkpoint: String

  @Option(help: "Where the model goes.")
  var output: String

  @OptionGroup var chosen: DetectorOptions

  @Option(help: "The pictures' size at the backbone: the side, or HEIGHTxWIDTH.")
  var size: String?

  @OptionGroup var force: ForceOption

  func run() throws {
    let destination = try fileDestination(output)
    try destination.check(replacing: force.replacement(.model))
    var options = ImportOptions()
    options.detector = chosen.detector
    options.backbone = chosen.backbone
    options.weights = chosen.weights
    options.size = try size.map(RequestedSize.init(argument:))
    let imported = try ImportedModel(contentsOf: checkpoint, options: options)
    if let path = destination.path {
      try imported.model.write(to: path, replacing: force.replacement(.model))
    }
    let configuration = imported.model.configuration
    print(
      "\(printable(output)): \(configuration.detector) \(configuration.detectorConfiguration) behind \(configuration.backbone), "
        + "pictures of \(configuration.height)x\(configuration.width)")
    for note in imported.notes { complain("\(output): \(note)") }
  }
}
