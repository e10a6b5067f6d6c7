import Foundation

/// The safetensors format: a length, a JSON header, and the bytes of the tensors
/// (https://huggingface.co/docs/safetensors).
public enum SafeTensors {
  /// Reads a file without copying its tensors: they are slices of the memory-mapped file.
  ///
  /// - Throws: `WeightFileError` for a file that cannot be read or is not valid safetensors throughout.
  public static func read(_ path: String) throws -> WeightFile {
    try read(FileAccess.map(path), path: path)
  }

  /// Reads a file's bytes without copying its tensors; `path` is for the errors.
  ///
  /// - Throws: `WeightFileError` for bytes that are not valid safetensors throughout.
  public static func read(_ file: Data, path: String) throws -> WeightFile {
    try WeightFormatError.naming(path) {
      guard let headerEnd = headerEnd(of: file) else {
        throw WeightFormatError(problem: "is not a safetensors file, or was cut off")
      }
      let header = try file[file.startIndex + 8..<headerEnd].withUnsafeBytes { bytes in
        var reader = SafeTensorsHeaderReader(bytes)
        return try reader.read()
      }
      let tensors = try tensors(described: header.tensors, in: file[headerEnd...])
      return WeightFile(tensors: tensors, metadata: header.metadata)
    }
  }

  /// Writes tensors and metadata; the same content gives the same bytes. The file appears at `path` whole or
  /// not at all.
  ///
  /// - Throws: `WeightFileError` naming the file when it cannot be written; nothing is left behind then.
  public static func write(_ weights: WeightFile, to path: String) throws {
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
        throw WeightFileError(path: path, problem: "a tensor cannot be named __metadata__")
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
    guard header.count <= maximumHeaderLength else {
      throw WeightFileError(
        path: path,
        problem: "names and metadata take more than the 100 MB a file may have"
      )
    }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    try FileAccess.replace(path, with: [length, header] + ordered.map(\.value.bytes))
  }

  /// Whether a file begins as a safetensors file does: a plausible length, then a JSON object.
  static func recognises(_ file: Data) -> Bool {
    guard file.count > 8, file[file.startIndex + 8] == UInt8(ascii: "{") else { return false }
    return headerLength(of: file) <= maximumHeaderLength
  }

  private static let maximumHeaderLength = 100_000_000

  /// The index behind the header, or nil where the length says there is none or more than there is.
  private static func headerEnd(of file: Data) -> Int? {
    guard file.count > 8 else { return nil }
    let length = headerLength(of: file)
    guard length > 0, length <= min(maximumHeaderLength, file.count - 8) else { return nil }
    return file.startIndex + 8 + Int(length)
  }

  private static func headerLength(of file: Data) -> UInt64 {
    file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
  }

  /// Cuts the tensors out of `data`, which they must fill without gap or overlap, as the format demands.
  private static func tensors(
    described descriptions: [String: SafeTensorsHeaderReader.Description],
    in data: Data
  ) throws -> [String: StoredTensor] {
    var end = 0
    var tensors: [String: StoredTensor] = [:]
    tensors.reserveCapacity(descriptions.count)
    let ordered = descriptions.sorted {
      ($0.value.offsets.lowerBound, $0.value.offsets.upperBound) < (
        $1.value.offsets.lowerBound, $1.value.offsets.upperBound
      )
    }
    for (name, description) in ordered {
      let offsets = description.offsets
      guard offsets.upperBound <= data.count else {
        throw WeightFormatError(
          problem: "was cut off: tensor \(name) ends at byte \(offsets.upperBound) of \(data.count)"
        )
      }
      guard offsets.lowerBound == end else {
        throw WeightFormatError(problem: "tensor \(name) overlaps another or leaves a gap before it")
      }
      end = offsets.upperBound
      do {
        tensors[name] = try StoredTensor(
          elementType: description.elementType,
          shape: description.shape,
          bytes: data[data.startIndex + offsets.lowerBound..<data.startIndex + offsets.upperBound]
        )
      } catch let error as WeightFormatError {
        throw WeightFormatError(problem: "tensor \(name): \(error.problem)")
      }
    }
    guard end == data.count else {
      throw WeightFormatError(problem: "\(data.count - end) bytes at the end belong to no tensor")
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
