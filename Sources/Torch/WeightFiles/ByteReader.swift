import Foundation

/// Reads little-endian numbers and slices off untrusted bytes, never beyond their end.
struct ByteReader {
  let data: Data
  /// How many bytes have been read.
  private(set) var offset: Int

  /// A reader that begins `offset` bytes into `data`; an offset outside leaves nothing to read.
  init(_ data: Data, at offset: Int = 0) {
    self.data = data
    self.offset = (0...data.count).contains(offset) ? offset : data.count
  }

  /// The number of bytes left.
  var remaining: Int { data.count - offset }

  /// The next number.
  mutating func read<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws -> Number {
    let size = MemoryLayout<Number>.size
    guard size <= remaining else { throw Self.endReached }
    defer { offset += size }
    return data.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }

  /// The next `count` bytes, not copied.
  mutating func readBytes(_ count: some BinaryInteger) throws -> Data {
    guard let count = Int(exactly: count), count >= 0, count <= remaining else { throw Self.endReached }
    defer { offset += count }
    let start = data.startIndex + offset
    return data[start..<start + count]
  }

  /// The next `count` bytes as text; bytes that are not UTF-8 stand for themselves, as in Latin-1.
  mutating func readText(_ count: some BinaryInteger) throws -> String {
    Self.text(try readBytes(count))
  }

  /// The text up to the next line feed, which is passed over.
  mutating func readLine() throws -> String {
    let start = data.startIndex + offset
    guard let end = data[start...].prefix(Self.maximumLineLength).firstIndex(of: 0x0A) else {
      throw Self.endReached
    }
    defer { offset += end - start + 1 }
    return Self.text(data[start..<end])
  }

  private static func text(_ bytes: Data) -> String {
    String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
  }

  private static let maximumLineLength = 4096

  private static var endReached: WeightFormatError { WeightFormatError(problem: "is damaged or was cut off") }
}
