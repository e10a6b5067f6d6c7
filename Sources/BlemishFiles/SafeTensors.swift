import BlemishSupport
import Foundation

/// The safetensors format: a length, a JSON header, and the bytes of the tensors
/// (https://huggingface.co/docs/safetensors).
public enum SafeTensors {
  /// Reads a file. Each tensor has its bytes for itself: they go when the tensor does.
  ///
  /// - Throws: `DataFileError` for a file that cannot be read or is not valid safetensors throughout.
  public static func read(_ path: String) throws -> WeightFile {
    let source = try ByteSource(opening: path)
    return try read(source, path: path)
  }

  /// Reads a file's bytes without copying its tensors; `path` is for the errors.
  ///
  /// - Throws: `DataFileError` for bytes that are not valid safetensors throughout.
  public static func read(_ file: Data, path: String) throws -> WeightFile {
    try read(.memory(file), path: path)
  }

  static func read(_ source: ByteSource, path: String) throws -> WeightFile {
    try DataFileError.naming(path) {
      guard source.count > 8 else {
        throw DataFileProblem.unsupported(.notSafeTensors)
      }
      let length = headerLength(of: try source.bytes(at: 0, count: 8))
      guard length > 0, length <= min(maximumHeaderLength, UInt64(source.count - 8)) else {
        throw DataFileProblem.unsupported(.notSafeTensors)
      }
      let header = try source.bytes(at: 8, count: Int(length)).withUnsafeBytes { bytes in
        var reader = SafeTensorsHeaderReader(bytes)
        return try reader.read()
      }
      let tensors = try tensors(described: header.tensors, in: source, at: 8 + Int(length))
      try source.requireUnchanged()
      return WeightFile(tensors: tensors, metadata: header.metadata)
    }
  }

  /// Writes tensors and metadata; the same content gives the same bytes. The file appears at `path` whole or
  /// not at all.
  ///
  /// - Throws: `DataFileError` naming the file when it cannot be written; nothing is left behind then.
  public static func write(_ weights: WeightFile, to path: String) throws {
    try write(weights, to: path, replacing: .anyFile)
  }

  /// Writes tensors and metadata where there is no file yet, or one that may be replaced.
  ///
  /// - Throws: `DataFileError` naming the file when it cannot be written; nothing is left behind then.
  package static func write(
    _ weights: WeightFile, to path: String, replacing: AtomicFile.Replacement
  ) throws {
    // Wide elements first, as the reference writer does: every tensor is then aligned to its element.
    let ordered = weights.tensors.sorted {
      ($1.value.elementType.byteCount, $0.key) < ($0.value.elementType.byteCount, $1.key)
    }
    var entries: [String] = []
    if !weights.metadata.isEmpty {
      let pairs = weights.metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      entries.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in ordered {
      guard name != "__metadata__" else {
        throw DataFileError(path: path, problem: .unwritable(.metadataName))
      }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.bytes.count
      entries.append(
        "\(quoted(name)):{\"dtype\":\"\(tensor.elementType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var header = Data("{\(entries.joined(separator: ","))}".utf8)
    header.append(Data(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    guard UInt64(header.count) <= maximumHeaderLength else {
      throw DataFileError(
        path: path,
        problem: .unwritable(.headerSize)
      )
    }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    try DataFileError.naming(path) {
      try AtomicFile.replace(path, with: [length, header] + ordered.map(\.value.bytes), replacing: replacing)
    }
  }

  /// How many bytes of a file are enough to recognise it.
  static let recognisedPrefix = 16

  /// Whether a file that begins with these bytes begins as a safetensors file does.
  static func recognises(_ file: Data) -> Bool {
    guard file.count > 8, file[file.startIndex + 8] == UInt8(ascii: "{") else { return false }
    return headerLength(of: file) <= maximumHeaderLength
  }

  private static let maximumHeaderLength: UInt64 = 100_000_000

  private static func headerLength(of file: Data) -> UInt64 {
    file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
  }

  /// Reads the tensors, which must fill the rest of the file without gap or overlap, as the format demands.
  private static func tensors(
    described descriptions: [String: SafeTensorsHeaderReader.Description],
    in source: ByteSource,
    at start: Int
  ) throws -> [String: StoredTensor] {
    let byteCount = source.count - start
    var end = 0
    var tensors: [String: StoredTensor] = [:]
    tensors.reserveCapacity(descriptions.count)
    let ordered = descriptions.sorted {
      ($0.value.offsets.lowerBound, $0.value.offsets.upperBound) < (
        $1.value.offsets.lowerBound, $1.value.offsets.upperBound
      )
    }
    // All places are checked before memory is asked for.
    for (name, description) in ordered {
      let offsets = description.offsets
      guard offsets.upperBound <= byteCount else {
        throw DataFileProblem.cutOff(.tensor(name, end: offsets.upperBound, count: byteCount))
      }
      guard offsets.lowerBound == end else {
        throw DataFileProblem.tensor(name, .damaged(.tensorPlace))
      }
      end = offsets.upperBound
      let expected: Int
      do {
        expected = try StoredTensor.byteCount(of: description.elementType, shape: description.shape)
      } catch let problem as DataFileProblem {
        throw DataFileProblem.tensor(name, problem)
      }
      guard expected == offsets.count else {
        throw DataFileProblem.tensor(name, .byteCount(expected: expected, found: offsets.count))
      }
    }
    guard end == byteCount else {
      throw DataFileProblem.damaged(.bytesOfNoTensor(byteCount - end))
    }
    for (name, description) in ordered {
      tensors[name] = try StoredTensor(
        elementType: description.elementType,
        shape: description.shape,
        bytes: source.bytes(at: start + description.offsets.lowerBound, count: description.offsets.count))
    }
    return tensors
  }

  /// A JSON string.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\0"..."\u{1F}":
        let code = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
