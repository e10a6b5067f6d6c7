import Foundation

@testable import BlemishImaging

/// splitmix64: the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension Picture {
  /// Random samples, the same for the same seed.
  static func noise(width: Int, height: Int, channels: Int, bits: Int = 8, seed: UInt64 = 1) -> Picture {
    var generator = SeededGenerator(state: seed)
    let count = width * height * channels
    let samples: Samples =
      bits == 16
      ? .sixteenBit((0..<count).map { _ in .random(in: 0 ... .max, using: &generator) })
      : .eightBit((0..<count).map { _ in .random(in: 0 ... .max, using: &generator) })
    return Picture(width: width, height: height, channels: channels, samples: samples)
  }

  init(grey rows: [[UInt8]]) {
    self.init(width: rows[0].count, height: rows.count, channels: 1, samples: .eightBit(rows.flatMap { $0 }))
  }

  /// The samples as numbers, whatever their precision.
  var numbers: [Int] {
    switch samples {
    case .eightBit(let values): values.map(Int.init)
    case .sixteenBit(let values): values.map(Int.init)
    }
  }
}

extension FixedWidthInteger {
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
  var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian, Array.init) }
}

/// PNG files of every kind, by hand: libpng writes only a few of them for us.
enum PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return UInt32(content.count).bigEndianBytes + body + checksum(body).bigEndianBytes
  }

  /// `rows` are the stored bytes, each row with its filter byte in front.
  static func bytes(
    width: Int,
    height: Int,
    depth: UInt8,
    colorType: UInt8,
    interlaced: Bool = false,
    extra: [[UInt8]] = [],
    rows: [[UInt8]]
  ) -> [UInt8] {
    let header =
      UInt32(width).bigEndianBytes + UInt32(height).bigEndianBytes
      + [depth, colorType, 0, 0, interlaced ? 1 : 0]
    let content = rows.flatMap { $0 }
    let length = UInt16(content.count)
    // A deflate stream with one stored block.
    let stream =
      [0x78, 0x01, 0x01] + length.littleEndianBytes + (~length).littleEndianBytes + content
      + adler(content).bigEndianBytes
    return signature + chunk("IHDR", header) + extra.flatMap { $0 } + chunk("IDAT", stream)
      + chunk("IEND", [])
  }

  /// The file with every chunk's checksum made right again, as far as its chunks can be followed.
  static func repairingChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - position - 12 else { break }
      let end = position + 8 + length
      bytes.replaceSubrange(end..<end + 4, with: checksum(bytes[position + 4..<end]).bigEndianBytes)
      position = end + 4
    }
    return bytes
  }

  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { state, byte in
      (0..<8).reduce(state ^ UInt32(byte)) { state, _ in state >> 1 ^ (state & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }

  private static func adler(_ bytes: [UInt8]) -> UInt32 {
    let (low, high) = bytes.reduce((UInt32(1), UInt32(0))) { sums, byte in
      let low = (sums.0 + UInt32(byte)) % 65_521
      return (low, (sums.1 + low) % 65_521)
    }
    return high << 16 | low
  }
}

/// BMP files of every kind.
enum BMPFile {
  /// `rows` as they are stored, without the padding. A negative height means top-down.
  static func bytes(
    width: Int,
    height: Int,
    bits: Int,
    palette: [[UInt8]] = [],
    masks: [UInt32] = [],
    rows: [[UInt8]],
    compression: Int? = nil
  ) -> [UInt8] {
    let scheme = compression ?? (masks.isEmpty ? 0 : 3)
    let tables = masks.flatMap(\.littleEndianBytes) + palette.flatMap { [$0[2], $0[1], $0[0], 0] }
    let pixels = rows.flatMap { $0 + [UInt8](repeating: 0, count: (4 - $0.count % 4) % 4) }
    let offset = 54 + tables.count
    var file = Array("BM".utf8) + UInt32(offset + pixels.count).littleEndianBytes + [0, 0, 0, 0]
    file += UInt32(offset).littleEndianBytes + UInt32(40).littleEndianBytes
    file += Int32(width).littleEndianBytes + Int32(height).littleEndianBytes
    file += UInt16(1).littleEndianBytes + UInt16(bits).littleEndianBytes + UInt32(scheme).littleEndianBytes
    file += [UInt8](repeating: 0, count: 12)
    file += UInt32(palette.count).littleEndianBytes + [0, 0, 0, 0]
    return file + tables + pixels
  }
}

/// Uncompressed TIFF files with the directory in front of the pixels.
enum TIFFFile {
  /// `tags` beyond width, height and where the one strip lies.
  static func bytes(
    width: Int,
    height: Int,
    bits: Int,
    photometric: Int,
    samples: Int,
    tags: [(tag: Int, value: Int)] = [],
    strips: [[UInt8]]
  ) -> [UInt8] {
    var entries: [(tag: Int, type: Int, values: [Int])] = [
      (256, 4, [width]), (257, 4, [height]), (258, 3, [Int](repeating: bits, count: samples)), (259, 3, [1]),
      (262, 3, [photometric]), (273, 4, strips.map { _ in 0 }), (277, 3, [samples]), (278, 4, [height]),
      (279, 4, strips.map(\.count)),
    ]
    entries += tags.map { ($0.tag, 3, [$0.value]) }
    entries.sort { $0.tag < $1.tag }
    let directoryEnd = 8 + 2 + 12 * entries.count + 4
    let outside = entries.map { $0.values.count * ($0.type == 3 ? 2 : 4) }.filter { $0 > 4 }.reduce(0, +)
    var position = directoryEnd + outside
    entries[entries.firstIndex { $0.tag == 273 }!].values = strips.map { strip in
      defer { position += strip.count }
      return position
    }
    var directory: [UInt8] = []
    var values: [UInt8] = []
    for entry in entries {
      let content = entry.values.flatMap {
        entry.type == 3 ? UInt16($0).littleEndianBytes : UInt32($0).littleEndianBytes
      }
      directory += UInt16(entry.tag).littleEndianBytes + UInt16(entry.type).littleEndianBytes
      directory += UInt32(entry.values.count).littleEndianBytes
      if content.count > 4 {
        directory += UInt32(directoryEnd + values.count).littleEndianBytes
        values += content
      } else {
        directory += content + [UInt8](repeating: 0, count: 4 - content.count)
      }
    }
    return [0x49, 0x49, 42, 0, 8, 0, 0, 0] + UInt16(entries.count).littleEndianBytes + directory
      + [0, 0, 0, 0] + values + strips.flatMap { $0 }
  }
}

/// Files that our encoders cannot make, written once with Pillow.
enum StoredFile {
  /// 7 x 6, quality 95, progressive.
  static let progressiveJPEG = decoded(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoK
    CgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoK
    CgoKCgoKCgr/wgARCAAGAAcDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAVAQEBAAAAAAAAAAAAAAAAAAAEBf/a
    AAwDAQACEAMQAAABugU//8QAFxAAAwEAAAAAAAAAAAAAAAAABQYHE//aAAgBAQABBQJJh4bP/8QAGREAAQUAAAAAAAAAAAAAAAAA
    BgACAxYk/9oACAEDAQE/AQssI69Fpcv/xAAYEQACAwAAAAAAAAAAAAAAAAAABAEUIv/aAAgBAgEBPwFN1qvGj//EABkQAAEFAAAA
    AAAAAAAAAAAAAAABAyExUf/aAAgBAQAGPwJJbrD/xAAWEAADAAAAAAAAAAAAAAAAAAAAkfD/2gAIAQEAAT8hsWj/2gAMAwEAAgAD
    AAAAEP8A/8QAFxEAAwEAAAAAAAAAAAAAAAAAAVFhAP/aAAgBAwEBPxCf2EJv/8QAFREBAQAAAAAAAAAAAAAAAAAAADH/2gAIAQIB
    AT8Qtb//xAAXEAADAQAAAAAAAAAAAAAAAAAAQVFh/9oACAEBAAE/EN+Xg//Z
    """
  )
  /// 4 x 3, Adobe CMYK (10, 80, 200, 30), which Pillow turns into (216, 154, 49).
  static let cmykJPEG = decoded(
    """
    /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB
    AQEBAQEBAQEBAQEB/8AAFAgAAwAEBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIB
    AwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZH
    SElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV
    1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD+6iv14r+bev7CK//Z
    """
  )
  /// 7 x 6 RGBA with LZW; red is 36 x, green is 50 y, blue is 20 (x + y), alpha is 9.
  static let lzwAlphaTIFF = decoded(
    """
    SUkqAKAAAACAACBAkSAAKAkkAAUAk2AAeAlIAAoAlaAAyAlsAA8AkADKDiQZQskDKHmwZRNIDKLrQZRtsDJGRwyQsSGSHkgyRM2G
    SLpAyRtaGSYtgyKCOJaHiRLRMkJaLmxLRtIJaYrRLUZsJZaRxkRMSMiLkhkRs2MiYpBkUZaMitthkMiOPqLiR9RskPqYmx9UZIPq
    trR9XBsPpuAmAgsAAAEDAAEAAAAHAAAAAQEDAAEAAAAGAAAAAgEDAAQAAAAqAQAAAwEDAAEAAAAFAAAABgEDAAEAAAACAAAAEQEE
    AAEAAAAIAAAAFQEDAAEAAAAEAAAAFgEDAAEAAAAGAAAAFwEEAAEAAACYAAAAHAEDAAEAAAABAAAAUgEDAAEAAAACAAAAAAAAAAgA
    CAAIAAgA
    """
  )
  /// 7 x 6 bits with CCITT group 4: white where x > 3.
  static let group4TIFF = decoded(
    """
    SUkqAA4AAAAF/8AEAEAJAAABAwABAAAABwAAAAEBAwABAAAABgAAAAIBAwABAAAAAQAAAAMBAwABAAAABAAAAAYBAwABAAAAAQAA
    ABEBBAABAAAACAAAABYBAwABAAAABgAAABcBBAABAAAABgAAABwBAwABAAAAAQAAAAAAAAA=
    """
  )

  private static func decoded(_ text: String) -> [UInt8] {
    [UInt8](Data(base64Encoded: text, options: .ignoreUnknownCharacters)!)
  }
}

/// A folder that is gone after the test.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "imaging-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}
