import BlemishImaging
import BlemishSynthesis
import Foundation
import Testing

/// Pictures of a cloth and a model that the tool trained on them, made once for all tests.
struct TrainedModel {
  static let shared = Result { try TrainedModel() }

  let folder: TemporaryFolder
  /// The data set, in MVTec's layout.
  var data: String { folder / "cloth" }
  /// The model.
  var model: String { folder / "cloth.blemish" }
  /// A picture of a good part that the model has not seen.
  var goodPicture: String { folder / "cloth/test/good/000.png" }
  /// A picture of a part with a hole, and the mask of the hole.
  var holePicture: String { folder / "cloth/test/hole/000.png" }

  private init() throws {
    folder = try TemporaryFolder()
    try GeneratedParts(
      materials: [.cloth],
      size: 64,
      trainingPictures: 10,
      goodTestPictures: 2,
      picturesPerDefect: 1,
      seed: 1
    ).write(to: folder.path)
    let run = try Tool(["train", data, "--output", model] + Self.small + ["--epochs", "2"]).wait()
    try #require(run.status == 0, "\(run.errors)")
  }

  /// The options of a training that takes a second.
  static let small = ["--backbone", "seeded", "--size", "64", "--batch", "4", "--patience", "0"]
}

/// Files that are no usable pictures, each with a word of what the tool says of it.
struct DamagedPictures {
  let files: [(name: String, complaint: String)] = [
    ("cut.png", "cannot be decoded"), ("cut.jpg", "cannot be decoded"), ("dot.png", "1 x 1"),
    ("vast.png", "30000 x 30000"), ("text.png", "not a picture"), ("empty.png", "is empty"),
    ("folder.png", "not a file"),
  ]

  /// Writes them into a folder.
  init(into folder: String) throws {
    let picture = Picture(
      width: 64,
      height: 64,
      channels: 1,
      samples: .eightBit((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) })
    )
    func write(_ name: String, _ data: Data) throws {
      try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    let png = try picture.pngData()
    let jpeg = try picture.jpegData()
    try write("cut.png", png.prefix(png.count / 2))
    try write("cut.jpg", jpeg.prefix(jpeg.count / 2))
    try write("dot.png", Picture(width: 1, height: 1, channels: 1, samples: .eightBit([9])).pngData())
    try write("vast.png", Self.png(png, width: 30_000, height: 30_000))
    try write("text.png", Data("Dear Sir or Madam,\n".utf8))
    try write("empty.png", Data())
    try FileManager.default.createDirectory(atPath: "\(folder)/folder.png", withIntermediateDirectories: true)
  }

  /// A PNG file whose header claims another size, with the right checksum.
  private static func png(_ file: Data, width: UInt32, height: UInt32) -> Data {
    var bytes = [UInt8](file)
    for (offset, number) in [(16, width), (20, height)] {
      withUnsafeBytes(of: number.bigEndian) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
    }
    var checksum = UInt32.max
    for byte in bytes[12..<29] {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
    }
    withUnsafeBytes(of: (~checksum).bigEndian) { bytes.replaceSubrange(29..<33, with: $0) }
    return Data(bytes)
  }
}
