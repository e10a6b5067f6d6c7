import CZlib
import Foundation

/// A zip file with one deflated entry, as Python's packages are.
func wheel(of name: String, _ content: Data) -> Data {
  let deflated = deflated(content)
  func bytes(_ values: [(UInt64, Int)]) -> Data {
    Data(values.flatMap { value, count in (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } })
  }
  let sum = content.withUnsafeBytes {
    crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, UInt32(content.count))
  }
  let (count, packed, length) = (UInt64(content.count), UInt64(deflated.count), UInt64(name.utf8.count))
  let sizes: [(UInt64, Int)] = [
    (20, 2), (0, 2), (8, 2), (0, 4), (UInt64(sum), 4), (packed, 4), (count, 4), (length, 2), (0, 2),
  ]
  let head = bytes([(0x0403_4B50, 4)] + sizes) + Data(name.utf8)
  let directory = bytes([(0x0201_4B50, 4), (20, 2)] + sizes + [(0, 14)]) + Data(name.utf8)
  let end = bytes([
    (0x0605_4B50, 4), (0, 4), (1, 2), (1, 2), (UInt64(directory.count), 4),
    (UInt64(head.count + deflated.count), 4), (0, 2),
  ])
  return head + deflated + directory + end
}

private func deflated(_ content: Data) -> Data {
  var stream = z_stream()
  deflateInit2_(
    &stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var result = Data(count: Int(deflateBound(&stream, UInt(content.count))))
  let room = UInt32(result.count)
  content.withUnsafeBytes { input in
    result.withUnsafeMutableBytes { output in
      stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
      stream.avail_out = room
      _ = deflate(&stream, Z_FINISH)
    }
  }
  return result.prefix(Int(stream.total_out))
}
