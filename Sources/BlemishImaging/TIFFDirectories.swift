import BlemishSupport
import Foundation

/// The directories of a TIFF file, one for each page.
struct TIFFDirectories {
  /// How many there are, up to a thousand.
  let count: Int

  init(_ data: Data) {
    let isBigEndian = data.first == UInt8(ascii: "M")
    let file = ByteReader(data, isBigEndian: isBigEndian)
    let isLarge = file.uint16(at: 2) == 43
    func offset(at place: Int) -> Int? {
      isLarge ? file.number(at: place, as: UInt64.self).flatMap { Int(exactly: $0) } : file.uint32(at: place)
    }
    var seen: Set<Int> = []
    var next = offset(at: isLarge ? 8 : 4)
    while let directory = next, directory > 0, directory < data.count, seen.count < 1000,
      seen.insert(directory).inserted
    {
      let entries =
        isLarge
        ? file.number(at: directory, as: UInt64.self).flatMap { Int(exactly: $0) }
        : file.uint16(at: directory)
      guard let entries, entries <= data.count / 12 else { break }
      next = offset(at: directory + (isLarge ? 8 + 20 * entries : 2 + 12 * entries))
    }
    count = seen.count
  }
}
