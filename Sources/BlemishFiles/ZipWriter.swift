import Foundation

/// Writes a zip file as PyTorch does: entries are stored without compression and begin at multiples of 64 bytes,
/// so that a reader can map them into memory.
struct ZipWriter {
  /// What has been written so far, one piece after another; contents are not copied.
  private var chunks: [Data] = []
  private var directory = Data()
  private var offset = 0
  private var count = 0

  private static let alignment = 64

  /// Adds an entry.
  ///
  /// - Throws: `DataFileProblem` when the file outgrows what its 32-bit numbers can say.
  mutating func add(_ name: String, _ content: Data) throws {
    let name = Data(name.utf8)
    let headerLength = 30 + name.count + 4
    let padding = (Self.alignment - (offset + headerLength) % Self.alignment) % Self.alignment
    let end = offset + headerLength + padding + content.count
    guard end + directory.count < UInt32.max, count < UInt16.max else {
      throw DataFileProblem.unwritable(.zipSize)
    }
    var shared = Data()
    // No flags, stored, no date.
    for number in [20, 0, 0, 0, 0] as [UInt16] { shared.append(littleEndian: number) }
    for number in [CRC32.checksum(content), UInt32(content.count), UInt32(content.count)] {
      shared.append(littleEndian: number)
    }
    shared.append(littleEndian: UInt16(name.count))

    var header = Data()
    header.append(littleEndian: 0x0403_4B50 as UInt32)
    header.append(shared)
    header.append(littleEndian: UInt16(4 + padding))
    header.append(name)
    // An extra field that nobody reads moves the content to its place.
    header.append(contentsOf: "FB".utf8)
    header.append(littleEndian: UInt16(padding))
    header.append(Data(repeating: UInt8(ascii: "Z"), count: padding))

    directory.append(littleEndian: 0x0201_4B50 as UInt32)
    directory.append(littleEndian: 20 as UInt16)
    directory.append(shared)
    // No extra field, no comment, on the first disk, no attributes.
    for number in [0, 0, 0, 0, 0, 0] as [UInt16] { directory.append(littleEndian: number) }
    directory.append(littleEndian: UInt32(offset))
    directory.append(name)

    chunks += [header, content]
    offset = end
    count += 1
  }

  /// The whole file: the entries and their directory.
  var file: [Data] {
    var end = Data()
    end.append(littleEndian: 0x0605_4B50 as UInt32)
    for number in [0, 0, UInt16(count), UInt16(count)] { end.append(littleEndian: number) }
    for number in [UInt32(directory.count), UInt32(offset)] { end.append(littleEndian: number) }
    end.append(littleEndian: 0 as UInt16)
    return chunks + [directory, end]
  }
}

/// The cyclic redundancy check that zip files carry (ISO 3309).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
  }

  /// The check of some bytes.
  static func checksum(_ bytes: Data) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      bytes.withUnsafeBytes { bytes in
        var rest: UInt32 = ~0
        for byte in bytes { rest = rest >> 8 ^ table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)] }
        return ~rest
      }
    }
  }
}

extension Data {
  /// Appends a number's bytes, the lowest first.
  mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
