import BlemishCore
import BlemishSupport

/// The outlines of a picture's regions as an SVG of the picture's size.
enum OutlineSVG {
  /// What the files begin with, and are told by.
  private static let beginning = "<svg data-by=\"Blemish\" "
  /// The kind of file.
  static let file = OwnFile.text("outlines of a result", beginningWith: [beginning])

  static func text(_ found: FindingJSON) -> String {
    let paths = found.regions.map { region in
      let lines = (region.shape?.polygons ?? []) + (region.shape?.holes ?? [])
      let path = lines.map { corners in
        "M" + corners.map { "\(number($0[0])) \(number($0[1]))" }.joined(separator: " L") + " Z"
      }.joined(separator: " ")
      let color = region.verdict == .anomalous ? "#ff0000" : "#ffaa00"
      return "  <path d=\"\(path)\" fill=\"\(color)\" fill-opacity=\"0.3\" fill-rule=\"evenodd\" "
        + "stroke=\"\(color)\" data-verdict=\"\(region.verdict.rawValue)\" data-log-nfa=\"\(region.logNFA)\"/>\n"
    }
    let (width, height) = (found.width, found.height)
    return beginning + "xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
      + "viewBox=\"0 0 \(width) \(height)\">\n\(paths.joined())</svg>\n"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}
