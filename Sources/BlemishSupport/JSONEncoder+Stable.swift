import Foundation

extension JSONEncoder {
  /// Keys in one order, so that equal values give equal text.
  package static var stable: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

/// A value as JSON on one line, keys in order.
package func jsonLine(_ value: some Encodable) -> String {
  (try? JSONEncoder.stable.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
}
