import Foundation

/// A tensor of the Open Inference Protocol: of the types that are used here.
struct TensorData: Sendable, Equatable {
  /// What it holds, element by element in row-major order.
  enum Values: Sendable, Equatable {
    case bytes([[UInt8]])
    case uint8([UInt8])
    case int64([Int64])
    case fp32([Float])
    case fp64([Double])
  }

  var name: String
  var shape: [Int]
  var values: Values

  /// The type's name in the protocol.
  var datatype: String {
    switch values {
    case .bytes: "BYTES"
    case .uint8: "UINT8"
    case .int64: "INT64"
    case .fp32: "FP32"
    case .fp64: "FP64"
    }
  }

  /// The elements as the binary tensor extension has them: little-endian; of bytes, each behind its length in four bytes.
  var binary: [UInt8] {
    switch values {
    case .uint8(let values): return values
    case .int64(let values): return values.withUnsafeBytes { Array($0) }
    case .fp32(let values): return values.withUnsafeBytes { Array($0) }
    case .fp64(let values): return values.withUnsafeBytes { Array($0) }
    case .bytes(let values):
      return values.flatMap { value in
        withUnsafeBytes(of: UInt32(value.count).littleEndian) { Array($0) } + value
      }
    }
  }

  /// The elements in JSON; bytes as text.
  var json: [Any] {
    switch values {
    case .uint8(let values): values.map { Int($0) }
    case .int64(let values): values.map { Int($0) }
    case .fp32(let values): values.map { $0.isFinite ? Double($0) : Double(Float.greatestFiniteMagnitude) }
    case .fp64(let values): values.map { $0.isFinite ? $0 : Double.greatestFiniteMagnitude }
    case .bytes(let values): values.map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Takes the elements of bytes apart.
  /// - Parameter count: how many there must be.
  /// - Throws: ``WebError``.
  static func elements(_ binary: ArraySlice<UInt8>, count: Int, name: String) throws -> [[UInt8]] {
    var elements: [[UInt8]] = []
    var place = binary.startIndex
    while place < binary.endIndex {
      guard place + 4 <= binary.endIndex, elements.count < count else { break }
      let length = binary[place..<place + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= binary.endIndex - place - 4 else { break }
      elements.append(Array(binary[(place + 4)..<(place + 4 + length)]))
      place += 4 + length
    }
    guard place == binary.endIndex, elements.count == count else {
      throw WebError(.badRequest, "input \(name): the bytes are not \(count) elements behind their lengths")
    }
    return elements
  }
}
