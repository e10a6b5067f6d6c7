import Foundation

/// Pieces of HTML that is well-formed XML, too.
enum HTML {
  /// Text as it may stand between tags and in quoted attributes. Characters that no page may contain become
  /// the replacement character.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      default:
        let isForbidden =
          scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE
        result.unicodeScalars.append(isForbidden ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }

  /// A number with a true minus sign; infinities and NaN in words.
  static func number(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "not a number" : value > 0 ? "∞" : "−∞" }
    let digits = min(max(digits, 0), 12)
    var text = abs(value) < 1e9 ? String(format: "%.\(digits)f", value) : String(format: "%.3g", value)
    if text.hasPrefix("-") {
      text =
        text.dropFirst().allSatisfy { "0.".contains($0) } ? String(text.dropFirst()) : "−" + text.dropFirst()
    }
    return text
  }

  /// A picture inside the page; `nil` if the bytes are neither PNG nor JPEG.
  static func image(_ bytes: Data, alternative: String) -> String? {
    let type: String
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      type = "image/png"
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      type = "image/jpeg"
    } else {
      return nil
    }
    return "<img loading=\"lazy\" alt=\"\(escaped(alternative))\" src=\"data:\(type);base64,"
      + bytes.base64EncodedString() + "\"/>"
  }
}
