import BlemishImaging
import Foundation
import Testing

/// TIFF files of floating-point numbers, whose black and white only the user knows.
@Suite("Floating-point pictures") struct SampleRangeTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// The samples of a picture as floating-point numbers from -1 to 1.
  private func floats(of path: String) throws -> Data {
    let picture = try Picture(contentsOf: path)
    guard case .eightBit(let samples) = picture.samples else { throw CocoaError(.fileReadCorruptFile) }
    let entries: [(tag: UInt16, value: Int)] = [
      (256, picture.width), (257, picture.height), (258, 32), (259, 1), (262, picture.channels == 1 ? 1 : 2),
      (273, 8 + 2 + 11 * 12 + 4), (277, picture.channels), (278, picture.height), (279, 4 * samples.count),
      (284, 1), (339, 3),
    ]
    var file = Data("II".utf8)
    func append(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { file.append(contentsOf: $0) }
    }
    append(UInt16(42))
    append(UInt32(8))
    append(UInt16(entries.count))
    for (tag, value) in entries {
      append(tag)
      append(UInt16(4))
      append(UInt32(1))
      append(UInt32(value))
    }
    append(UInt32(0))
    for sample in samples { append((Float(sample) / 127.5 - 1).bitPattern) }
    return file
  }

  private func score(_ model: String, _ picture: String) throws -> Double {
    let run = try Tool.run("predict", model, picture, "--json")
    return try #require(run.objects().first?["score"] as? Double, "\(run.errors)")
  }

  /// The model keeps the range, and judges as one that has seen the same pictures in 8 bits.
  @Test func areTrainedOnAndJudgedByAStatedRange() throws {
    let good = trained.data + "/train/good"
    let floats = try folder.folder("floats")
    // Under the same names, so that the same pictures are held out.
    for name in try FileManager.default.contentsOfDirectory(atPath: good) {
      try self.floats(of: "\(good)/\(name)").write(to: URL(fileURLWithPath: "\(floats)/\(name)"))
    }
    let quick = TrainedModel.small + ["--epochs", "1"]
    let unsaid = try Tool(["train", floats, "--output", folder / "none.blemish"] + quick).wait()
    #expect(unsaid.status == 1 && unsaid.errors.contains("--range LOW,HIGH"), "\(unsaid.errors)")
    let none = try Tool(["train", floats, "--output", folder / "none.blemish", "--range", "1,-1"] + quick)
      .wait()
    #expect(none.status == 2)

    let (eightBit, float) = (folder / "eight.blemish", folder / "float.blemish")
    #expect(try Tool(["train", good, "--output", eightBit] + quick).wait().status == 0)
    let run = try Tool(["train", floats, "--output", float, "--range", "-1,1"] + quick).wait()
    try #require(run.status == 0, "\(run.errors)")
    let hole = try folder.file("hole.tif", self.floats(of: trained.holePicture))
    #expect(abs(try score(float, hole) - score(eightBit, trained.holePicture)) < 1e-4)
    // Twice as wide, the samples are half as far from grey.
    let wide = folder / "wide.blemish"
    #expect(try Tool(["train", floats, "--output", wide, "--range=-2,2"] + quick).wait().status == 0)
    #expect(abs(try score(wide, hole) - score(eightBit, trained.holePicture)) > 1e-3)
  }
}
