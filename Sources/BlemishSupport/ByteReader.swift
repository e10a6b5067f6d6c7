import Foundation

/// Bytes that should follow are not there: they are damaged or were cut off.
package struct EndOfBytes: Error {
  /// The error.
  package init() {}
}

/// Numbers, texts and slices out of bytes that nobody has vouched for, never beyond their end.
package struct ByteReader {
  /// The bytes, which are not copied.
  package let data: Data
  /// Whether numbers have their highest byte first.
  package var isBigEndian: Bool
  /// How many bytes have been read.
  package private(set) var offset: Int

  /// A reader that begins `offset` bytes into `data`; an offset outside leaves nothing to read.
  package init(_ data: Data, at offset: Int = 0, isBigEndian: Bool = false) {
    self.data = data
    self.isBigEndian = isBigEndian
    self.offset = (0...data.count).contains(offset) ? offset : data.count
  }

  /// The number of bytes.
  package var count: Int { data.count }

  /// The number of bytes left.
  package var remaining: Int { data.count - offset }

  // MARK: At a place

  /// The number that begins at an offset.
  package func number<Number: FixedWidthInteger>(
    at offset: Int, as type: Number.Type = Number.self
  ) -> Number? {
    guard offset >= 0, offset <= data.count - MemoryLayout<Number>.size else { return nil }
    let number = data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    return isBigEndian ? Number(bigEndian: number) : Number(littleEndian: number)
  }

  /// The byte at an offset.
  package func byte(at offset: Int) -> Int? { number(at: offset, as: UInt8.self).map(Int.init) }

  /// The two bytes at an offset as a number without a sign.
  package func uint16(at offset: Int) -> Int? { number(at: offset, as: UInt16.self).map(Int.init) }

  /// The four bytes at an offset as a number without a sign.
  package func uint32(at offset: Int) -> Int? { number(at: offset, as: UInt32.self).map(Int.init) }

  /// The four bytes at an offset as a number with a sign.
  package func int32(at offset: Int) -> Int? { number(at: offset, as: Int32.self).map(Int.init) }

  /// The bytes from an offset on, at most `length` of them.
  package func slice(from offset: Int, length: Int = .max) -> Data {
    guard offset >= 0, length >= 0 else { return Data() }
    return data.dropFirst(offset).prefix(length)
  }

  // MARK: One after another

  /// The next number.
  /// - Throws: ``EndOfBytes``.
  package mutating func read<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws -> Number {
    guard let number = number(at: offset, as: type) else { throw EndOfBytes() }
    offset += MemoryLayout<Number>.size
    return number
  }

  /// The next `count` bytes, not copied.
  /// - Throws: ``EndOfBytes``.
  package mutating func readBytes(_ count: some BinaryInteger) throws -> Data {
    guard let count = Int(exactly: count), count >= 0, count <= remaining else { throw EndOfBytes() }
    defer { offset += count }
    let start = data.startIndex + offset
    return data[start..<start + count]
  }

  /// The next `count` bytes as text; bytes that are not UTF-8 stand for themselves, as in Latin-1.
  /// - Throws: ``EndOfBytes``.
  package mutating func readText(_ count: some BinaryInteger) throws -> String {
    Self.text(try readBytes(count))
  }

  /// The text up to the next line feed, which is passed over.
  /// - Throws: ``EndOfBytes``.
  package mutating func readLine() throws -> String {
    let start = data.startIndex + offset
    guard let end = data[start...].prefix(Self.maximumLineLength).firstIndex(of: 0x0A) else {
      throw EndOfBytes()
    }
    defer { offset += end - start + 1 }
    return Self.text(data[start..<end])
  }

  private static func text(_ bytes: Data) -> String {
    String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
  }

  private static let maximumLineLength = 4096
}
