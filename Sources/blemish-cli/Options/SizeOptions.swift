import ArgumentParser
import BlemishCore

/// How pictures are read, how large they are when they are trained on, and whether they are seen whole.
struct SizeOptions: ParsableArguments {
  @Option(help: "The pictures' size at the backbone: the shorter side, HEIGHTxWIDTH, or own.")
  var size: String?

  @Option(
    help: """
      Sees pictures in overlapping tiles of this side, for defects that vanish when a picture is shrunk. Pictures keep \
      their own resolution where --size says nothing else.
      """)
  var tile: Int?

  // A black below zero begins with a dash.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      The samples that are black and white, for TIFF files of floating-point, signed or 32-bit numbers. The model keeps \
      it for the pictures that it judges.
      """, valueName: "low,high"))
  var range: SampleRange?

  func validate() throws { _ = try requested }

  /// The size that was asked for.
  var requested: RequestedSize? {
    get throws { try size.map(RequestedSize.init(argument:)) }
  }
}

/// The samples that are black and white, as LOW,HIGH.
struct SampleRange: ExpressibleByArgument, Equatable, CustomStringConvertible {
  let bounds: ClosedRange<Double>

  init(_ bounds: ClosedRange<Double>) { self.bounds = bounds }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard numbers.count == 2, let low = numbers[0], let high = numbers[1], low < high, low.isFinite,
      high.isFinite
    else { return nil }
    bounds = low...high
  }

  var description: String { "\(bounds.lowerBound),\(bounds.upperBound)" }
}
