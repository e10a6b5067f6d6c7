import Foundation

/// Files that are mapped into memory to be read, whose pages can be let go of once they have been.
enum MappedFile {
  /// The addresses of all maps.
  nonisolated(unsafe) private static var maps: [Range<UInt>] = []
  private static let lock = NSLock()

  /// The bytes of a file that was opened to be read; nil where it cannot be mapped.
  static func data(_ file: Int32, count: Int) -> Data? {
    guard count > 0 else { return Data() }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
      return nil
    }
    let range = UInt(bitPattern: start)..<(UInt(bitPattern: start) + UInt(count))
    lock.withLock { maps.append(range) }
    return Data(
      bytesNoCopy: start, count: count,
      deallocator: .custom { start, count in
        lock.withLock { maps.removeAll { $0 == range } }
        munmap(start, count)
      })
  }

  /// Takes the pages of bytes that lie in a mapped file out of the process's memory. They are read from the file again
  /// when they are needed; other bytes stay.
  static func releasePages(of bytes: UnsafeRawBufferPointer) {
    let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
    let start = UInt(bitPattern: bytes.baseAddress)
    let range = start..<(start + UInt(bytes.count))
    lock.withLock {
      guard maps.contains(where: { $0.contains(range.lowerBound) && $0.upperBound >= range.upperBound })
      else { return }
      // Whole pages only: the rest may be another tensor's, which costs nothing to keep.
      let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
      guard first < end else { return }
      madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
    }
  }
}
