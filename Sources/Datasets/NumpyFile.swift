import Foundation

/// A NumPy array file (`.npy`, versions 1 to 3), read in slices: only whether values are 0 is asked of it.
struct NumpyFile {
  let path: String
  /// The length of each dimension, in row-major order.
  let shape: [Int]
  private let itemSize: Int
  private let dataOffset: Int

  /// Reads the header and checks it against the file's size.
  ///
  /// - Throws: `DatasetError` if the file is no such array, of another kind than numbers, or cut short.
  init(path: String) throws {
    self.path = path
    let damaged = DatasetError(
      path,
      "is no NumPy array that can be read (.npy); save it again with numpy.save"
    )
    let file = try NumpyFile.open(path)
    defer { try? file.close() }
    guard let size = try? file.seekToEnd(), (try? file.seek(toOffset: 0)) != nil,
      let start = try? file.read(upToCount: 12), start.count == 12,
      Array(start.prefix(6)) == [0x93] + Array("NUMPY".utf8)
    else { throw damaged }
    let bytes = [UInt8](start)
    let (lengthSize, length): (Int, Int)
    switch bytes[6] {
    case 1: (lengthSize, length) = (2, Int(bytes[8]) | Int(bytes[9]) << 8)
    case 2, 3: (lengthSize, length) = (4, (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) })
    default: throw damaged
    }
    dataOffset = 8 + lengthSize + length
    guard length < 65536, dataOffset <= size, (try? file.seek(toOffset: UInt64(8 + lengthSize))) != nil,
      let headerBytes = try? file.read(upToCount: length),
      let header = String(data: headerBytes, encoding: .utf8)
    else { throw damaged }

    guard let type = NumpyFile.value(of: "descr", in: header, between: "'", and: "'"),
      let kind = type.dropFirst().first, let itemSize = Int(type.dropFirst(2)), type.count >= 3,
      "biu".contains(kind) || kind == "f", [1, 2, 4, 8].contains(itemSize)
    else {
      throw DatasetError(path, "holds no plain numbers; save the mask as numpy.uint8")
    }
    guard let dimensions = NumpyFile.value(of: "shape", in: header, between: "(", and: ")") else {
      throw damaged
    }
    let parts = dimensions.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    let shape = parts.compactMap { Int($0) }
    guard shape.count == parts.count, shape.allSatisfy({ $0 >= 0 }) else { throw damaged }
    guard shape.count < 2 || header.contains("'fortran_order': False") else {
      throw DatasetError(path, "is stored column by column; save it with numpy.ascontiguousarray")
    }
    var expected = itemSize
    for dimension in shape {
      let (product, overflow) = expected.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw damaged }
      expected = product
    }
    guard UInt64(expected) <= size - UInt64(dataOffset) else {
      throw DatasetError(path, "is cut short: shape \(shape) needs \(expected) bytes")
    }
    self.shape = shape
    self.itemSize = itemSize
  }

  /// Which values of one frame of an array `[frames, height, width]` are not 0, row by row.
  func frame(_ index: Int) throws -> [Bool] {
    guard shape.count == 3, index >= 0, index < shape[0] else {
      throw DatasetError(path, "has shape \(shape) and so no frame \(index)")
    }
    return try nonzero(from: index * shape[1] * shape[2], count: shape[1] * shape[2])
  }

  /// Which of `count` values from position `start` on (row-major) are not 0.
  func nonzero(from start: Int, count: Int) throws -> [Bool] {
    guard count > 0 else { return [] }
    let file = try NumpyFile.open(path)
    defer { try? file.close() }
    guard (try? file.seek(toOffset: UInt64(dataOffset + start * itemSize))) != nil,
      let data = try? file.read(upToCount: count * itemSize), data.count == count * itemSize
    else { throw DatasetError(path, "is cut short") }
    return data.withUnsafeBytes { bytes in
      (0..<count).map { item in
        bytes[(item * itemSize)..<((item + 1) * itemSize)].contains { $0 != 0 }
      }
    }
  }

  private static func open(_ path: String) throws -> FileHandle {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw DatasetError(path, "cannot be opened")
    }
    return file
  }

  /// The text between two marks after a key of the header's dictionary.
  private static func value(of key: String, in header: String, between open: String, and close: String)
    -> Substring?
  {
    guard let found = header.range(of: "'\(key)':"),
      let start = header.range(of: open, range: found.upperBound..<header.endIndex),
      let end = header.range(of: close, range: start.upperBound..<header.endIndex)
    else { return nil }
    return header[start.upperBound..<end.lowerBound]
  }
}
