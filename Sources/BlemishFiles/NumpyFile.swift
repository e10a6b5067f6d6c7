import BlemishSupport
import Foundation

/// A NumPy array file (`.npy`, versions 1 to 3), read in slices: only whether values are 0 is asked of it.
package struct NumpyFile {
  /// Where it is.
  package let path: String
  /// The length of each dimension, in row-major order.
  package let shape: [Int]
  private let source: ByteSource
  private let type: NumberType
  private let dataOffset: Int

  /// How the numbers are stored.
  private struct NumberType {
    let byteCount: Int
    /// The byte of a number that has the sign of a floating-point one, whose zero may be negative; nil for whole ones.
    let signByte: Int?

    /// From a description such as `<f4`.
    init?(_ text: Substring) {
      guard text.utf8.count == 3, let order = text.first, let kind = text.dropFirst().first,
        let byteCount = Int(text.dropFirst(2)), "<>|=".contains(order), "biuf".contains(kind),
        (kind == "f" ? [2, 4, 8] : [1, 2, 4, 8]).contains(byteCount)
      else { return nil }
      self.byteCount = byteCount
      signByte = kind == "f" ? (order == ">" ? 0 : byteCount - 1) : nil
    }

    func isZero(_ number: Slice<UnsafeRawBufferPointer>) -> Bool {
      for (index, byte) in number.enumerated() where (index == signByte ? byte & 0x7F : byte) != 0 {
        return false
      }
      return true
    }
  }

  /// Reads the header and checks it against the file's size.
  ///
  /// - Throws: `DataFileError` if the file is no such array, of another kind than numbers, or cut short.
  package init(path: String) throws {
    let source = try ByteSource(opening: path)
    try self.init(source, path: path)
  }

  /// The array in a file's bytes; `path` is for the errors.
  package init(_ data: Data, path: String) throws { try self.init(.memory(data), path: path) }

  private init(_ source: ByteSource, path: String) throws {
    self.path = path
    self.source = source
    let header = try DataFileError.naming(path) { try NumpyHeader(source) }
    shape = header.shape
    dataOffset = header.dataOffset
    guard let type = NumberType(header.type[...]) else {
      throw DataFileError(
        path: path, problem: .unsupported(.numpyOfNoNumbers))
    }
    self.type = type
    var expected = type.byteCount
    for dimension in shape {
      let (product, overflows) = expected.multipliedReportingOverflow(by: dimension)
      guard !overflows else { throw DataFileError(path: path, problem: .impossibleShape(shape)) }
      expected = product
    }
    guard expected <= source.count - dataOffset else {
      throw DataFileError(path: path, problem: .cutOff(.array(shape: shape, bytes: expected)))
    }
  }

  /// Which values of one frame of an array `[frames, height, width]` are not 0, row by row.
  package func frame(_ index: Int) throws -> [Bool] {
    guard shape.count == 3, index >= 0, index < shape[0] else {
      throw DataFileError(path: path, problem: .noFrame(index, shape: shape))
    }
    return try nonzero(from: index * shape[1] * shape[2], count: shape[1] * shape[2])
  }

  /// Which of `count` values from position `start` on (row-major) are not 0.
  package func nonzero(from start: Int, count: Int) throws -> [Bool] {
    guard count > 0 else { return [] }
    return try DataFileError.naming(path) {
      let size = type.byteCount
      let data = try source.bytes(at: dataOffset + start * size, count: count * size)
      try source.requireUnchanged()
      return data.withUnsafeBytes { bytes in
        (0..<count).map { !type.isZero(bytes[($0 * size)..<(($0 + 1) * size)]) }
      }
    }
  }
}

/// What the first bytes of a NumPy array file say.
private struct NumpyHeader {
  let type: String
  let shape: [Int]
  let dataOffset: Int

  init(_ source: ByteSource) throws {
    let unknown = DataFileProblem.unsupported(.notNumpy)
    var start = ByteReader(try source.prefix(12))
    guard start.count == 12, try start.readBytes(6).elementsEqual([0x93] + Array("NUMPY".utf8)) else {
      throw unknown
    }
    let version = try start.read(UInt8.self)
    _ = try start.read(UInt8.self)
    let (lengthSize, length): (Int, Int)
    switch version {
    case 1: (lengthSize, length) = (2, Int(try start.read(UInt16.self)))
    case 2, 3: (lengthSize, length) = (4, Int(try start.read(UInt32.self)))
    default: throw unknown
    }
    dataOffset = 8 + lengthSize + length
    guard length < 65536, dataOffset <= source.count,
      let text = String(data: try source.bytes(at: 8 + lengthSize, count: length), encoding: .utf8)
    else { throw unknown }
    guard let type = Self.value(of: "descr", in: text, between: "'", and: "'") else {
      throw DataFileProblem.unsupported(.numpyOfNoNumbers)
    }
    guard let dimensions = Self.value(of: "shape", in: text, between: "(", and: ")") else { throw unknown }
    let parts = dimensions.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    let shape = parts.compactMap { Int($0) }
    guard shape.count == parts.count, shape.allSatisfy({ $0 >= 0 }) else { throw unknown }
    guard shape.count < 2 || text.contains("'fortran_order': False") else {
      throw DataFileProblem.unsupported(.numpyByColumns)
    }
    self.type = String(type)
    self.shape = shape
  }

  /// The text between two marks after a key of the header's dictionary.
  private static func value(
    of key: String, in header: String, between open: String, and close: String
  ) -> Substring? {
    guard let found = header.range(of: "'\(key)':"),
      let start = header.range(of: open, range: found.upperBound..<header.endIndex),
      let end = header.range(of: close, range: start.upperBound..<header.endIndex)
    else { return nil }
    return header[start.upperBound..<end.lowerBound]
  }
}
