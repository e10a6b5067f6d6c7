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
/// - Throws: an error of the encoder, such as for a number that is not finite.
package func stableJSON(_ value: some Encodable) throws -> String {
  String(decoding: try JSONEncoder.stable.encode(value), as: UTF8.self)
}

/// ``stableJSON(_:)`` of a value to be printed; `{}` where it cannot be written.
package func jsonLine(_ value: some Encodable) -> String { (try? stableJSON(value)) ?? "{}" }
