import BlemishSupport
import Foundation

/// A zip file (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). PyTorch writes its entries without compression;
/// Python's packages have them deflated.
package struct ZipArchive {
  private let file: ByteSource
  private let entries: [String: Entry]

  /// Whether a file begins as a zip file does.
  static func recognises(_ file: Data) -> Bool {
    file.starts(with: [0x50, 0x4B, 0x03, 0x04])
  }

  /// Reads the directory of a zip file in memory.
  init(_ file: Data) throws { try self.init(.memory(file)) }

  /// Reads the directory of a zip file.
  ///
  /// - Throws: `DataFileProblem` for a directory that is damaged.
  init(_ file: ByteSource) throws {
    var (count, directory) = try Self.directory(of: file)
    var entries: [String: Entry] = [:]
    for _ in 0..<count {
      let entry = try Entry(&directory)
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw DataFileProblem.duplicate(entry.name)
      }
    }
    self.file = file
    self.entries = entries
  }

  /// The names of the entries.
  var names: some Collection<String> { entries.keys }

  /// The content of an entry, not copied; nil if there is none of this name.
  ///
  /// - Throws: `DataFileProblem` for an entry that is compressed, encrypted or not wholly in the file.
  func content(of name: String) throws -> Data? {
    try entries[name]?.content(in: file)
  }

  /// The content of an entry that may be deflated.
  /// - Parameters:
  ///   - path: the zip file.
  ///   - limit: how many bytes the content may have.
  /// - Throws: `DataFileError` that names the file, for an entry that is missing, damaged or larger than the limit.
  package static func content(of name: String, inFile path: String, limit: Int) throws -> Data {
    let source = try ByteSource(opening: path)
    return try DataFileError.naming(path) {
      let archive = try Self(source)
      guard let entry = archive.entries[name] else { throw DataFileProblem.damaged(.noZipEntry(name)) }
      guard entry.method == 8 else { return try entry.content(in: source) }
      guard entry.size <= UInt64(limit), entry.compressedSize <= UInt64(limit) else {
        throw DataFileProblem.damaged(.zipEntrySize(name, bytes: entry.size))
      }
      return try inflated(
        try entry.bytes(in: source, count: Int(entry.compressedSize)), count: Int(entry.size))
    }
  }

  /// The number of entries and a reader at the first one of the central directory.
  private static func directory(of source: ByteSource) throws -> (count: UInt64, reader: ByteReader) {
    // The end record is the last thing in the file but for a comment of at most 65535 bytes.
    let recordLength = 22
    let signature = Data([0x50, 0x4B, 0x05, 0x06])
    let tailStart = max(0, source.count - (recordLength + 0xFFFF))
    let tail = try source.bytes(at: tailStart, count: source.count - tailStart)
    guard let start = tail.range(of: signature, options: .backwards)?.lowerBound else {
      throw DataFileProblem.cutOff(.zipDirectory)
    }
    let end = start - tail.startIndex
    var record = ByteReader(tail, at: end + 10)
    var count = UInt64(try record.read(UInt16.self))
    var size = UInt64(try record.read(UInt32.self))
    var offset = UInt64(try record.read(UInt32.self))
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      var locator = ByteReader(try source.bytes(at: tailStart + end - 20, count: 20))
      guard try locator.read(UInt32.self) == 0x0706_4B50 else { throw damaged }
      _ = try locator.read(UInt32.self)
      guard let position = Int(exactly: try locator.read(UInt64.self)) else { throw damaged }
      var record = ByteReader(try source.bytes(at: position, count: 56))
      guard try record.read(UInt32.self) == 0x0606_4B50 else { throw damaged }
      _ = try record.readBytes(28)
      count = try record.read(UInt64.self)
      size = try record.read(UInt64.self)
      offset = try record.read(UInt64.self)
    }
    guard let offset = Int(exactly: offset), let size = Int(exactly: size) else { throw damaged }
    return (count, ByteReader(try source.bytes(at: offset, count: size)))
  }

  private static var damaged: DataFileProblem { .damaged(.zipDirectory) }

  /// What the central directory says of one entry.
  private struct Entry {
    var name: String
    var flags: UInt16
    var method: UInt16
    var size: UInt64
    var compressedSize: UInt64
    var offset: UInt64

    init(_ directory: inout ByteReader) throws {
      guard try directory.read(UInt32.self) == 0x0201_4B50 else { throw ZipArchive.damaged }
      _ = try directory.readBytes(4)
      flags = try directory.read()
      method = try directory.read()
      _ = try directory.readBytes(8)
      compressedSize = UInt64(try directory.read(UInt32.self))
      size = UInt64(try directory.read(UInt32.self))
      let nameLength = try directory.read(UInt16.self)
      let extraLength = try directory.read(UInt16.self)
      let commentLength = try directory.read(UInt16.self)
      _ = try directory.readBytes(8)
      offset = UInt64(try directory.read(UInt32.self))
      name = try directory.readText(nameLength)
      var extra = ByteReader(try directory.readBytes(extraLength))
      _ = try directory.readBytes(commentLength)
      while extra.remaining >= 4 {
        let kind = try extra.read(UInt16.self)
        var field = ByteReader(try extra.readBytes(try extra.read(UInt16.self)))
        guard kind == 1 else { continue }
        // The zip64 field has those values that do not fit above, in this order.
        if size == 0xFFFF_FFFF { size = try field.read() }
        if compressedSize == 0xFFFF_FFFF { compressedSize = try field.read() }
        if offset == 0xFFFF_FFFF { offset = try field.read() }
      }
    }

    func content(in source: ByteSource) throws -> Data {
      guard method == 0, size == compressedSize else {
        throw DataFileProblem.unsupported(.compressedZip)
      }
      guard let size = Int(exactly: size) else { throw ZipArchive.damaged }
      return try bytes(in: source, count: size)
    }

    /// The bytes as they lie in the file.
    func bytes(in source: ByteSource, count: Int) throws -> Data {
      guard flags & 1 == 0 else { throw DataFileProblem.unsupported(.encryptedZip) }
      guard let offset = Int(exactly: offset) else { throw ZipArchive.damaged }
      var header = ByteReader(try source.bytes(at: offset, count: 30))
      guard try header.read(UInt32.self) == 0x0403_4B50 else { throw ZipArchive.damaged }
      _ = try header.readBytes(22)
      let nameLength = try header.read(UInt16.self)
      let extraLength = try header.read(UInt16.self)
      return try source.bytes(at: offset + 30 + Int(nameLength) + Int(extraLength), count: count)
    }
  }
}
