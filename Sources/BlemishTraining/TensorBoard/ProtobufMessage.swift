import Foundation

/// The bytes of a Protocol Buffers message, field after field.
///
/// Event files need five small messages, written and never read. Four kinds of fields are all there is to their
/// encoding, so that swift-protobuf, with its compiler, its plugin and the definitions of TensorFlow, would be
/// more to keep than these lines.
struct ProtobufMessage {
  private(set) var bytes = Data()

  /// A whole number, an enumeration's case or a truth value.
  mutating func add(_ field: Int, _ value: Int) {
    addKey(field, wireType: 0)
    addVarint(UInt64(bitPattern: Int64(value)))
  }

  /// A number of type `double`.
  mutating func add(_ field: Int, _ value: Double) {
    addKey(field, wireType: 1)
    bytes.appendLittleEndian(value.bitPattern)
  }

  /// A number of type `float`.
  mutating func add(_ field: Int, _ value: Float) {
    addKey(field, wireType: 5)
    bytes.appendLittleEndian(value.bitPattern)
  }

  /// Bytes.
  mutating func add(_ field: Int, _ value: Data) {
    addKey(field, wireType: 2)
    addVarint(UInt64(value.count))
    bytes.append(value)
  }

  /// A text.
  mutating func add(_ field: Int, _ value: String) { add(field, Data(value.utf8)) }

  /// A message.
  mutating func add(_ field: Int, _ value: ProtobufMessage) { add(field, value.bytes) }

  /// Numbers of type `double`, packed.
  mutating func add(_ field: Int, _ values: [Double]) {
    var packed = Data()
    for value in values { packed.appendLittleEndian(value.bitPattern) }
    add(field, packed)
  }

  private mutating func addKey(_ field: Int, wireType: Int) { addVarint(UInt64(field << 3 | wireType)) }

  private mutating func addVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension Data {
  /// Adds the bytes of a number, the lowest first.
  mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
