import BlemishDatasets
import BlemishFiles
import BlemishImaging
import BlemishSupport
import Foundation

/// A reader under test: the files that damage starts from, and what reads them to their end.
struct Target {
  let name: String
  let seeds: [[UInt8]]
  /// What is made right again after most damage, so that it reaches behind the first check.
  var repair: (@Sendable ([UInt8]) -> [UInt8])?
  /// Reads a file; whether it took it for a good one.
  let read: @Sendable (Data) -> Bool
}

/// All readers, with seeds that our own encoders write and those of the corpus folder.
func targets(corpus: String) throws -> [Target] {
  func stored(_ endings: String...) throws -> [[UInt8]] {
    try folderEntries(corpus).sorted().filter { name in endings.contains { name.hasSuffix($0) } }.map {
      [UInt8](try readRegularFile("\(corpus)/\($0)"))
    }
  }
  let folder = NSTemporaryDirectory() + "/blemish-fuzz-\(getpid())"
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let (grey, color, deep) = (noise(9, 7, 1), noise(12, 11, 3), noise(6, 5, 3, bits: 16))
  let tensors = [
    "a": StoredTensor(floats: [1, 2, 3, 4], shape: [2, 2]), "b": StoredTensor(int64s: [1], shape: []),
    "layer.0.weight": StoredTensor(floats: [5], shape: [1, 1]),
  ]
  try SafeTensors.write(WeightFile(tensors: tensors, metadata: ["format": "pt"]), to: folder + "/s")
  try PyTorchFile.write(
    .dictionary([("state_dict", .stateDict(tensors)), ("epoch", .integer(3)), ("rest", .list([.integer(1)]))]
    ),
    to: folder + "/p")
  let safetensors = [UInt8](try readRegularFile(folder + "/s"))
  let pytorch = [UInt8](try readRegularFile(folder + "/p"))
  let array =
    Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) }) + [1, 0, 59, 0]
    + Array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,1,2)}\n\n".utf8.prefix(59))
    + [UInt8](repeating: 1, count: 16)
  let table = Array("image,label,mask\n\"a,\"\"b\"\".png\",1,x.png\nc.png,0,\n\"d\ne\",1,y\n".utf8)
  return [
    Target(
      name: "png",
      seeds: [[UInt8](try grey.pngData()), [UInt8](try deep.pngData()), [UInt8](try color.pngData())]
        + (try stored(".png")), repair: repairingChecksums, read: decodes),
    Target(
      name: "jpeg",
      seeds: [[UInt8](try grey.jpegData()), [UInt8](try color.jpegData())] + (try stored(".jpg")),
      read: decodes),
    Target(
      name: "tiff",
      seeds: try [1, 5, 7, 8, 32_773].flatMap { scheme in
        try [grey, color].map { try $0.tiffBytes(compression: scheme) }
      } + [try deep.tiffBytes(compression: 8)] + (try stored(".tif")), read: decodes),
    Target(name: "bmp", seeds: try stored(".bmp"), read: decodes),
    Target(
      name: "webp", seeds: [try color.webPBytes(), try color.webPBytes(quality: 50)] + (try stored(".webp")),
      read: decodes),
    Target(name: "npy", seeds: [array] + (try stored(".npy"))) { data in
      guard let file = try? NumpyFile(data, path: "x") else { return false }
      let count = file.shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
      return count >= 0 && (try? file.nonzero(from: 0, count: min(count, 1 << 20))) != nil
    },
    Target(name: "csv", seeds: [table] + (try stored(".csv"))) { (try? CSVTable($0, path: "x")) != nil },
    Target(name: "safetensors", seeds: [safetensors] + (try stored(".safetensors"))) { data in
      guard let file = try? SafeTensors.read(data, path: "x") else { return false }
      for tensor in file.tensors.values { _ = tensor.doubles() }
      return true
    },
    Target(name: "pytorch", seeds: [pytorch] + (try stored(".pt", ".ckpt")), read: readsPyTorch),
  ] + (try modelTargets(corpus: corpus))
}

private func noise(_ width: Int, _ height: Int, _ channels: Int, bits: Int = 8) -> Picture {
  var random = RandomStream(seed: UInt64(width))
  let count = width * height * channels
  return Picture(
    width: width, height: height, channels: channels,
    samples: bits == 16
      ? .sixteenBit((0..<count).map { _ in UInt16(truncatingIfNeeded: random.next()) })
      : .eightBit((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }))
}

/// Decodes a picture in each way that there is, and looks at what came out.
@Sendable private func decodes(_ data: Data) -> Bool {
  var isGood = false
  for options in [
    DecodingOptions(maximumPixels: 1 << 20),
    DecodingOptions(maximumPixels: 1 << 20, leastSide: 2, range: -1...1),
  ] {
    guard let picture = try? Picture(decoding: data, name: "x", options: options) else { continue }
    precondition(picture.samples.count == picture.width * picture.height * picture.channels)
    _ = Mask.marking(picture)
    isGood = true
  }
  return isGood
}

@Sendable private func readsPyTorch(_ data: Data) -> Bool {
  guard let file = try? PyTorchFile(data, path: "x") else { return false }
  for tensor in (try? file.stateDictionary())?.values ?? [:].values { _ = tensor.floats() }
  var pending = [file.root]
  var left = 10_000
  while let value = pending.popLast(), left > 0 {
    left -= 1
    switch value.content {
    case .list(let items), .tuple(let items), .set(let items): pending += items
    case .dictionary(let entries): pending += entries.flatMap { [$0.key, $0.value] }
    case .tensor: _ = try? value.tensor()?.doubles()
    default: break
    }
  }
  return true
}

/// A PNG file with every chunk's checksum made right again, as far as its chunks can be followed.
@Sendable private func repairingChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  var position = 8
  while position + 12 <= bytes.count {
    let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - position - 12 else { break }
    let end = position + 8 + length
    let sum = ~bytes[position + 4..<end].reduce(~UInt32(0)) { state, byte in
      (0..<8).reduce(state ^ UInt32(byte)) { state, _ in state >> 1 ^ (state & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
    position = end + 4
  }
  return bytes
}
