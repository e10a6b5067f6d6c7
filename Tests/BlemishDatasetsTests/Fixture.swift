import BlemishImaging
import Foundation

@testable import BlemishDatasets

/// A folder that is filled by a test and removed with the value.
final class Fixture {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "blemish-datasets-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ data: Data) throws {
    let folder = (file(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try data.write(to: URL(fileURLWithPath: file(name)))
  }

  /// Empty files; layouts are read without opening pictures.
  func touch(_ names: String...) throws { for name in names { try write(name, Data()) } }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  /// A 4 x 3 grey PNG (whatever the name's ending: decoding goes by content) with the given values first.
  func picture(_ name: String, _ values: [UInt8] = [], width: Int = 4, height: Int = 3) throws {
    let samples = values + [UInt8](repeating: 0, count: width * height - values.count)
    let picture = Picture(width: width, height: height, channels: 1, samples: .eightBit(samples))
    try write(name, picture.pngData())
  }

  /// An array of bytes as `numpy.save` writes it.
  func numpy(_ name: String, shape: [Int], _ values: [UInt8], descr: String = "|u1") throws {
    let dimensions = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(dimensions)), }"
    header += String(repeating: " ", count: (64 - (header.utf8.count + 11) % 64) % 64) + "\n"
    let count = header.utf8.count
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)]
    try write(name, Data(start + Array(header.utf8) + values))
  }
}

/// What is wrong with a data set; `nil` where nothing is, or another module says so.
func problem(_ body: () throws -> Void) -> DatasetError? {
  do {
    try body()
    return nil
  } catch {
    return error as? DatasetError
  }
}
