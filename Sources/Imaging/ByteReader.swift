/// Numbers out of bytes that nobody has vouched for: out of range is nil, never a trap.
struct ByteReader {
  let bytes: ArraySlice<UInt8>
  var isBigEndian = false

  var count: Int { bytes.count }

  func byte(at offset: Int) -> Int? {
    offset >= 0 && offset < bytes.count ? Int(bytes[bytes.startIndex + offset]) : nil
  }

  func uint16(at offset: Int) -> Int? {
    guard offset >= 0, offset < bytes.count, let first = byte(at: offset), let second = byte(at: offset + 1)
    else { return nil }
    return isBigEndian ? first << 8 | second : second << 8 | first
  }

  func uint32(at offset: Int) -> Int? {
    guard offset >= 0, offset < bytes.count, let first = uint16(at: offset),
      let second = uint16(at: offset + 2)
    else { return nil }
    return isBigEndian ? first << 16 | second : second << 16 | first
  }

  func int32(at offset: Int) -> Int? {
    uint32(at: offset).map { Int(Int32(truncatingIfNeeded: $0)) }
  }

  /// The bytes from `offset`, at most `length` of them.
  func slice(from offset: Int, length: Int = .max) -> ArraySlice<UInt8> {
    guard offset >= 0, length >= 0 else { return [] }
    return bytes.dropFirst(offset).prefix(length)
  }
}
