import ArgumentParser
import BlemishCore

/// How large pictures are when they are trained on, and whether they are seen whole.
struct SizeOptions: ParsableArguments {
  @Option(help: "The pictures' size at the backbone: the shorter side, HEIGHTxWIDTH, or own.")
  var size: String?

  @Option(
    help: """
      Sees pictures in overlapping tiles of this side, at their own resolution where --size says nothing else: for \
      defects that vanish when a picture is shrunk.
      """)
  var tile: Int?

  func validate() throws { _ = try requested }

  /// The size that was asked for.
  var requested: RequestedSize? {
    get throws { try size.map(RequestedSize.init(argument:)) }
  }
}
