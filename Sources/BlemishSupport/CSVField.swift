import Foundation

/// A field of comma-separated values (RFC 4180), in quotation marks where it needs them.
package func csvField(_ text: String) -> String {
  text.contains { "\",\n\r".contains($0) }
    ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
}
