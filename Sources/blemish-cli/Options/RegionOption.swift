import ArgumentParser
import BlemishCore
import BlemishSupport

/// The part of pictures that matters.
struct RegionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A picture of any size that is black where nothing matters. It lies over every picture: nothing is learnt from \
      outside it, nor judged there. The model keeps it.
      """, valueName: "mask"))
  var regionOfInterest: String?

  /// The region.
  /// - Throws: an error that names the file.
  var region: RegionOfInterest? {
    get throws {
      try regionOfInterest.map { path in
        do {
          return try RegionOfInterest(contentsOf: path)
        } catch let error as RegionOfInterestError {
          throw ToolError("\(printable(path)): \(error)")
        }
      }
    }
  }
}
