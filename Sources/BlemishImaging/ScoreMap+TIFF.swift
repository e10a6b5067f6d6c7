import BlemishSupport
import Foundation

extension ScoreMap {
  /// The map as a TIFF file of one page of 32-bit floating-point numbers (TIFF 6.0; SampleFormat 3), little-endian and
  /// uncompressed.
  public var tiffData: Data {
    var file = Data("II".utf8)
    func append(_ value: UInt16) { withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) } }
    func append(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) } }
    // Two texts behind each other, the second of which names the software; the file is recognised by both.
    let software = Data(OwnFile.pictureMark.utf8) + [0]
    let (short, long, ascii): (UInt16, UInt16, UInt16) = (3, 4, 2)
    // Tag, type, count and value of every entry, in the order of the tags. A short lies in the value's first half.
    let entryCount = 11
    let softwareOffset = 8 + 2 + 12 * entryCount + 4
    let pixelOffset = (softwareOffset + software.count + 3) / 4 * 4
    let entries: [(UInt16, UInt16, UInt32, UInt32)] = [
      (256, long, 1, UInt32(width)), (257, long, 1, UInt32(height)), (258, short, 1, 32), (259, short, 1, 1),
      (262, short, 1, 1), (273, long, 1, UInt32(pixelOffset)), (277, short, 1, 1),
      (278, long, 1, UInt32(height)),
      (279, long, 1, UInt32(4 * values.count)), (305, ascii, UInt32(software.count), UInt32(softwareOffset)),
      (339, short, 1, 3),
    ]
    append(UInt16(42))
    append(UInt32(8))
    append(UInt16(entries.count))
    for (tag, type, count, value) in entries {
      append(tag)
      append(type)
      append(count)
      append(value)
    }
    append(UInt32(0))
    file.append(software)
    file.append(Data(count: pixelOffset - file.count))
    values.withUnsafeBytes { file.append(contentsOf: $0) }
    return file
  }

  /// Writes the map as a TIFF file where there is no file yet, or one that may be replaced.
  /// - Throws: `FileSystemError`; then no file is left, and one that was there before is unchanged.
  package func write(tiff path: String, replacing: AtomicFile.Replacement) throws(FileSystemError) {
    try AtomicFile.replace(path, with: [tiffData], replacing: replacing)
  }
}
