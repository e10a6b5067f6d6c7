import ArgumentParser
import BlemishBackbones
import BlemishCore
import BlemishDetectors

/// Which detector a model is to have, and the backbone before it.
struct DetectorOptions: ParsableArguments {
  @Option(help: "The detector: \(DetectorCatalogue.standard.names.joined(separator: ", ")).")
  var detector: String?

  @Option(help: "The backbone: \(BackboneCatalogue.standard.all.map(\.name).joined(separator: ", ")).")
  var backbone: String?

  @Option(
    name: .customLong("weights"),
    help: "A file with the backbone's weights under their published names; once for each part.")
  var weights: [String] = []
}
