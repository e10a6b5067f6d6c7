import Foundation

/// The float32 tensors of a safetensors file.
func readSafetensors(_ url: URL) throws -> [String: (shape: [Int], values: [Float])] {
  let bytes = [UInt8](try Data(contentsOf: url))
  let headerSize = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
  let header =
    try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + headerSize])) as? [String: [String: Any]]
  return (header ?? [:]).compactMapValues { entry in
    guard let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int],
      entry["dtype"] as? String == "F32"
    else { return nil }
    let start = 8 + headerSize
    let values = stride(from: start + offsets[0], to: start + offsets[1], by: 4).map { index in
      Float(bitPattern: bytes[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    return (shape, values)
  }
}
