import CZlib
import Foundation

/// What was deflated without a header of zlib's (RFC 1951), as in zip files.
/// - Parameter count: how many bytes it has.
/// - Throws: `DataFileProblem` where it is damaged, or has another length.
func inflated(_ deflated: Data, count: Int) throws -> Data {
  var stream = z_stream()
  guard
    inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK,
    let available = UInt32(exactly: deflated.count), let room = UInt32(exactly: count)
  else { throw DataFileProblem.damaged(.deflated) }
  defer { inflateEnd(&stream) }
  var result = Data(count: count)
  let status = deflated.withUnsafeBytes { input in
    result.withUnsafeMutableBytes { output in
      stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = available
      stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
      stream.avail_out = room
      return inflate(&stream, Z_FINISH)
    }
  }
  guard status == Z_STREAM_END, stream.avail_out == 0 else {
    throw DataFileProblem.damaged(.deflated)
  }
  return result
}
