import BlemishImaging
import BlemishSupport
import Foundation
import Testing

/// Pictures that are far wider than high.
@Suite("Strips of 110 x 2048") struct StripTests {
  @Test func areLearntAndJudgedInTheirOwnCoordinates() throws {
    let folder = try TemporaryFolder()
    let good = try folder.folder("good")
    for index in 0..<5 { try strip("\(index)").write(png: "\(good)/\(index).png") }
    try strip("new").write(png: folder / "clean.png")
    try strip("new", patch: (1500..<1548, 30..<78)).write(png: folder / "defect.png")
    let model = folder / "strip.blemish"
    let training = try Tool.run(
      "train",
      good,
      "--output",
      model,
      "--backbone",
      "seeded",
      "--size",
      "110x2048",
      "--epochs",
      "1",
      "--batch",
      "2",
      "--learning-rate",
      "1e-4",
      "--held-out",
      "0"
    )
    try #require(training.status == 0, "\(training.errors)")
    #expect(training.errors.contains("112x2048"), "\(training.errors)")

    let run = try Tool.run(
      "predict",
      model,
      "--test",
      "published",
      folder / "clean.png",
      folder / "defect.png",
      "--output",
      folder / "results",
      "--json"
    )
    #expect(run.status == 0, "\(run.errors)")
    let objects = try run.objects()
    try #require(objects.count == 2)
    #expect(objects.allSatisfy { $0["width"] as? Int == 2048 && $0["height"] as? Int == 110 })
    #expect(objects.map { $0["anomalous"] as? Bool } == [false, true])
    let region = try #require((objects[1]["regions"] as? [[String: Any]])?.first)
    let numbers = try ["x", "y", "width", "height"].map { try #require(region[$0] as? Int) }
    #expect(
      (1480...1530).contains(numbers[0]) && (1530...1580).contains(numbers[0] + numbers[2]),
      "\(region)"
    )
    #expect((10...50).contains(numbers[1]) && (60...100).contains(numbers[1] + numbers[3]), "\(region)")
    let centroid = try #require(region["centroid"] as? [String: Double])
    let (x, y) = (try #require(centroid["x"]), try #require(centroid["y"]))
    #expect(abs(x - 1524) < 15 && abs(y - 54) < 15, "\(region)")
    for name in ["clean", "defect"] {
      let mask = try Picture(
        contentsOf: folder / "results" + folder.path.replacingOccurrences(of: "//", with: "/")
          + "/\(name)_mask.png")
      #expect((mask.width, mask.height) == (2048, 110))
    }
  }

  /// A ribbed band with noise; where asked for, with a chequered patch.
  private func strip(_ name: String, patch: (columns: Range<Int>, rows: Range<Int>)? = nil) -> Picture {
    var random = RandomStream(seed: 5, name: name)
    let phase = 6 * random.unit()
    var samples: [UInt8] = []
    for y in 0..<110 {
      for x in 0..<2048 {
        let noise = 24 * (random.unit() - 0.5)
        if let patch, patch.columns ~= x, patch.rows ~= y {
          samples.append((x / 6 + y / 6) % 2 == 0 ? 255 : 0)
        } else {
          samples.append(
            UInt8(128 + 20 * sin(0.3 * Double(x) + phase) + 15 * sin(0.4 * Double(y) + phase) + noise)
          )
        }
      }
    }
    return Picture(width: 2048, height: 110, channels: 1, samples: .eightBit(samples))
  }
}
