import BlemishImaging
import Foundation
import Testing

@testable import BlemishDatasets

@Suite struct OtherLayoutTests {
  func tiles(in fixture: Fixture) throws {
    for index in 0..<10 {
      try fixture.touch("MT_Free/Imgs/exp1_num_\(index).jpg", "MT_Free/Imgs/exp1_num_\(index).png")
    }
    for kind in ["Blowhole", "Break", "Crack", "Fray", "Uneven"] {
      try fixture.touch("MT_\(kind)/Imgs/exp2_num_1.jpg", "MT_\(kind)/Imgs/exp2_num_1.png")
    }
    try fixture.touch("README.md")
  }

  @Test func splitsTheMagneticTilesBySeed() throws {
    let fixture = try Fixture()
    try tiles(in: fixture)
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .magneticTiles)
    #expect(dataset.train.count == 8)
    #expect(dataset.test.count == 2 + 5)
    #expect(dataset.defectTypes == ["blowhole", "break", "crack", "fray", "uneven"])
    #expect(dataset.hasMasks)
    #expect(Set(dataset.train + dataset.test).count == 15)
    #expect(try Dataset.read(fixture.path) == dataset)
    let splits = try (1..<6).map { try Dataset.read(fixture.path, options: DatasetOptions(seed: $0)).train }
    #expect(Set(splits).count > 1)
    try fixture.remove("MT_Crack/Imgs/exp2_num_1.png")
    let missing = DatasetError.MissingMask(
      picture: fixture.file("MT_Crack/Imgs/exp2_num_1.jpg"),
      expected: fixture.file("MT_Crack/Imgs/exp2_num_1.png"))
    #expect(
      problem { _ = try Dataset.read(fixture.path) } == .noMasks(path: fixture.path, missing: [missing]))
  }

  /// The published tiles, in the folder `BLEMISH_DATA` or `../shared/data` beside the package.
  static let publishedTiles: String = {
    let package = URL(fileURLWithPath: #filePath + "/../../..").standardizedFileURL.path
    let data = ProcessInfo.processInfo.environment["BLEMISH_DATA"] ?? "\(package)/../shared/data"
    return "\(data)/magnetic-tile"
  }()

  @Test(.enabled(if: FileManager.default.fileExists(atPath: publishedTiles)))
  func readsThePublishedMagneticTiles() throws {
    let dataset = try Dataset.read(OtherLayoutTests.publishedTiles)
    #expect(dataset.train.count == 762)
    #expect(dataset.test.filter { !$0.isAnomalous }.count == 190)
    #expect(dataset.test.filter(\.isAnomalous).count == 392)
    #expect(dataset.warnings.isEmpty)
  }

  @Test func splitsLGGMRIByPatient() throws {
    let fixture = try Fixture()
    for patient in 0..<5 {
      let name = "TCGA_CS_494\(patient)_19960909"
      for slice in 1...3 {
        try fixture.picture("kaggle_3m/\(name)/\(name)_\(slice).tif")
        try fixture.picture("kaggle_3m/\(name)/\(name)_\(slice)_mask.tif", slice == 2 ? [255] : [])
      }
    }
    try fixture.touch("kaggle_3m/data.csv", "kaggle_3m/README.md")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .lggMRI)
    #expect(dataset.train.count == 4 * 2)
    #expect(dataset.train.allSatisfy { !$0.isAnomalous })
    #expect(dataset.test.map(\.defectType) == ["good", "good", "tumour"])
    #expect(Set(dataset.train.map(\.group)).isDisjoint(with: Set(dataset.test.map(\.group))))
    let (_, heldOut) = dataset.holdOut(fraction: 0.25, seed: 3)
    #expect(heldOut.count == 2 && Set(heldOut.map(\.group)).count == 1)
    try fixture.remove("kaggle_3m/TCGA_CS_4942_19960909/TCGA_CS_4942_19960909_3_mask.tif")
    let patient = fixture.file("kaggle_3m/TCGA_CS_4942_19960909")
    let missing = DatasetError.MissingMask(
      picture: "\(patient)/TCGA_CS_4942_19960909_3.tif",
      expected: "\(patient)/TCGA_CS_4942_19960909_3_mask.png")
    #expect(problem { _ = try Dataset.read(fixture.path) } == .noMasks(path: patient, missing: [missing]))
  }

  @Test func readsKolektorSDD2AndLeavesDefectiveTrainingPicturesOut() throws {
    let fixture = try Fixture()
    for (name, marked) in [
      ("train/10000", false), ("train/10001", true), ("test/20000", false), ("test/20001", true),
    ] {
      try fixture.picture("\(name).png")
      try fixture.picture("\(name)_GT.png", marked ? [255, 255] : [])
    }
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .kolektorSDD2)
    #expect(dataset.train.map(\.name) == ["train/10000.png"])
    #expect(dataset.test.map(\.defectType) == ["good", "defect"])
    #expect(dataset.warnings == [.defectiveNotLearnt(path: fixture.file("train"), count: 1)])
    try fixture.remove("test/20001_GT.png")
    let missing = DatasetError.MissingMask(
      picture: fixture.file("test/20001.png"), expected: fixture.file("test/20001_GT.png"))
    #expect(
      problem { _ = try Dataset.read(fixture.path) } == .noMasks(path: fixture.path, missing: [missing]))
  }

  func campus(in fixture: Fixture) throws {
    try fixture.touch("training/frames/01_001/000.jpg", "training/frames/01_001/001.jpg")
    for video in ["01_0014", "01_0015"] {
      for frame in ["999", "1000", "998"] { try fixture.picture("testing/frames/\(video)/\(frame).jpg") }
    }
    try fixture.numpy("testing/test_frame_mask/01_0014.npy", shape: [3], [0, 0, 1])
    try fixture.numpy("testing/test_frame_mask/01_0015.npy", shape: [3], [0, 0, 0])
    try fixture.numpy(
      "testing/test_pixel_mask/01_0014.npy",
      shape: [3, 3, 4],
      (0..<36).map { $0 == 29 ? 1 : 0 }
    )
    try fixture.numpy(
      "testing/test_pixel_mask/01_0015.npy",
      shape: [3, 3, 4],
      .init(repeating: 0, count: 36)
    )
  }

  @Test func readsFramesAndNumpyMasksOfShanghaiTech() throws {
    let fixture = try Fixture()
    try campus(in: fixture)
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .shanghaiTech)
    #expect(dataset.train.count == 2)
    #expect(dataset.test.count == 6)
    let anomalous = try #require(dataset.test.filter(\.isAnomalous).first)
    #expect(anomalous.name == "testing/frames/01_0014/1000.jpg")
    #expect(anomalous.group == "01_0014")
    let mask = try #require(try anomalous.mask(width: 4, height: 3))
    #expect(mask.pixels.firstIndex(of: true) == 5)
    #expect(
      problem { _ = try anomalous.mask(width: 5, height: 3) }
        == .maskSize(
          path: fixture.file("testing/test_pixel_mask/01_0014.npy"), width: 4, height: 3,
          picture: anomalous.path, pictureWidth: 5, pictureHeight: 3))
    try fixture.remove("testing/test_frame_mask")
    #expect(try Dataset.read(fixture.path).test.filter(\.isAnomalous).map(\.name) == [anomalous.name])
  }

  @Test func namesAVideoThatCannotBeRead() throws {
    let fixture = try Fixture()
    try campus(in: fixture)
    try fixture.remove("training/frames")
    try fixture.touch("training/videos/01_001.avi")
    switch problem({ _ = try Dataset.read(fixture.path) }) {
    case .noVideoProgram(let path, _): #expect(path == fixture.file("training/videos"))
    case .unusableVideo(let path, _, _): #expect(path == fixture.file("training/videos/01_001.avi"))
    case let other: Issue.record("\(String(describing: other))")
    }
    #expect(!FileManager.default.fileExists(atPath: fixture.file("training/frames/01_001")))
  }

  @Test(.enabled("ffmpeg is not installed") { hasFFmpeg })
  func extractsTheFramesOfTrainingVideos() throws {
    let fixture = try Fixture()
    try campus(in: fixture)
    try fixture.remove("training/frames")
    try fixture.touch("training/videos/made-below")
    let video = Process()
    video.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    video.arguments = [
      "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1",
      fixture.file("training/videos/01_001.avi"),
    ]
    try video.run()
    video.waitUntilExit()
    try #require(video.terminationStatus == 0)
    let train = try Dataset.read(fixture.path).train
    #expect(train.count == 5)
    #expect(train.first?.name == "training/frames/01_001/00001.jpg")
    let first = try #require(train.first)
    #expect(try Picture(contentsOf: first.path).width == 64)
    // The second time the frames are there.
    try fixture.remove("training/videos/01_001.avi")
    try fixture.touch("training/videos/01_001.avi")
    #expect(try Dataset.read(fixture.path).train.count == 5)
  }

  @Test func namesAVideoWhoseLabelsDoNotFit() throws {
    let fixture = try Fixture()
    try campus(in: fixture)
    try fixture.touch("testing/frames/01_0015/1001.jpg")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }?.path
        == fixture.file("testing/test_pixel_mask/01_0015.npy"))
    try fixture.remove("testing/test_pixel_mask")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }?.path
        == fixture.file("testing/test_frame_mask/01_0015.npy"))
  }

  @Test func readsThePublishedSplitOfVisA() throws {
    let fixture = try Fixture()
    let rows = [
      "object,split,label,image,mask",
      "candle,train,normal,candle/Data/Images/Normal/0836.JPG,",
      "candle,test,normal,candle/Data/Images/Normal/0004.JPG,",
      "candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png",
      "pcb1,train,normal,pcb1/Data/Images/Normal/0001.JPG,",
    ]
    try fixture.write("split_csv/1cls.csv", Data(rows.joined(separator: "\r\n").utf8))
    try fixture.touch(
      "candle/Data/Images/Normal/0836.JPG",
      "candle/Data/Images/Normal/0004.JPG",
      "candle/image_anno.csv",
      "pcb1/Data/Images/Normal/0001.JPG"
    )
    try fixture.picture("candle/Data/Images/Anomaly/000.JPG")
    try fixture.picture("candle/Data/Masks/Anomaly/000.png", [0, 2])
    #expect(try DatasetFormat.detect(fixture.path) == .visa)
    #expect(try Dataset.categories(of: fixture.path) == ["candle", "pcb1"])
    let dataset = try Dataset.read(fixture.path, category: "candle")
    #expect(dataset.train.count == 1)
    #expect(dataset.test.map(\.defectType) == ["good", "anomaly"])
    let mask = try dataset.test[1].mask(width: 4, height: 3)
    #expect(mask?.pixels.firstIndex(of: true) == 1)
    try fixture.remove("candle/Data/Masks")
    #expect(
      problem { _ = try Dataset.read(fixture.path, category: "candle") }
        == .listing(
          path: fixture.file("split_csv/1cls.csv"), line: 4,
          problem: .missingFile("candle/Data/Masks/Anomaly/000.png")))
  }
}

private var hasFFmpeg: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/ffmpeg") }
