import Foundation

/// The tensors of a parity case, as doubles.
struct GoldenFile {
  struct Tensor {
    let shape: [Int]
    let values: [Double]
  }

  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["BLEMISH_GOLDEN"] { return URL(filePath: path) }
    return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "../shared/golden").standardizedFileURL
  }()

  static var available: Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "index.json").path)
  }

  static func cases(_ group: String) -> [String] {
    guard let data = try? Data(contentsOf: folder.appending(path: "index.json")),
      let index = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return [] }
    return index.keys.filter { $0.hasPrefix(group + "/") }.sorted()
  }

  let tensors: [String: Tensor]

  init(_ name: String) throws {
    let data = try Data(contentsOf: Self.folder.appending(path: name + ".safetensors"))
    let headerSize = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    let header = try JSONSerialization.jsonObject(with: data[8..<8 + headerSize]) as? [String: Any] ?? [:]
    var tensors: [String: Tensor] = [:]
    for case (let key, let entry as [String: Any]) in header where key != "__metadata__" {
      guard let type = entry["dtype"] as? String, let shape = entry["shape"] as? [Int],
        let offsets = entry["data_offsets"] as? [Int]
      else { continue }
      let bytes = data[8 + headerSize + offsets[0]..<8 + headerSize + offsets[1]]
      func read<T>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
        bytes.withUnsafeBytes { buffer in
          (0..<buffer.count / MemoryLayout<T>.size).map {
            convert(buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self))
          }
        }
      }
      let values =
        switch type {
        case "F32": read(Float.self) { Double($0) }
        case "F64": read(Double.self) { $0 }
        default: read(Int32.self) { Double($0) }
        }
      tensors[key] = Tensor(shape: shape, values: values)
    }
    self.tensors = tensors
  }

  subscript(name: String) -> Tensor? { tensors[name] }
}
