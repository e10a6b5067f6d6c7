import Foundation
import Testing

@testable import BlemishDatasets

@Suite struct MVTecLayoutTests {
  func bottle(in fixture: Fixture, _ category: String = "bottle") throws {
    try fixture.touch(
      "\(category)/train/good/000.png",
      "\(category)/train/good/001.png",
      "\(category)/test/good/000.png",
      "\(category)/test/broken_large/000.png",
      "\(category)/test/broken_large/001.png",
      "\(category)/test/contamination/000.png",
      "\(category)/ground_truth/broken_large/000_mask.png",
      "\(category)/ground_truth/broken_large/001_mask.png",
      "\(category)/ground_truth/contamination/000_mask.png",
      "\(category)/license.txt",
      "\(category)/readme.txt",
      "\(category)/.DS_Store"
    )
  }

  @Test func readsACategory() throws {
    let fixture = try Fixture()
    try bottle(in: fixture)
    let dataset = try Dataset.read(fixture.file("bottle"))
    #expect(dataset.name == "bottle")
    #expect(dataset.format == .mvtecAD)
    #expect(dataset.train.map(\.name) == ["train/good/000.png", "train/good/001.png"])
    #expect(
      dataset.test.map(\.name) == [
        "test/good/000.png", "test/broken_large/000.png", "test/broken_large/001.png",
        "test/contamination/000.png",
      ]
    )
    #expect(dataset.test.map(\.isAnomalous) == [false, true, true, true])
    #expect(
      dataset.test[2].groundTruth == .picture(fixture.file("bottle/ground_truth/broken_large/001_mask.png"))
    )
    #expect(dataset.defectTypes == ["broken_large", "contamination"])
    #expect(dataset.hasMasks)
    #expect(dataset.warnings.isEmpty)
  }

  @Test func choosesAmongCategories() throws {
    let fixture = try Fixture()
    try bottle(in: fixture)
    try bottle(in: fixture, "screw")
    #expect(try Dataset.categories(of: fixture.path) == ["bottle", "screw"])
    #expect(try Dataset.read(fixture.path, category: "screw").name == "screw")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .severalCategories(path: fixture.path, known: ["bottle", "screw"]))
    #expect(
      problem { _ = try Dataset.read(fixture.path, category: "cable") }
        == .unknownCategory(path: fixture.path, asked: "cable", known: ["bottle", "screw"]))
  }

  @Test func namesAMissingAndASurplusMask() throws {
    let fixture = try Fixture()
    try bottle(in: fixture)
    try fixture.touch("bottle/ground_truth/contamination/007_mask.png")
    let warnings = try Dataset.read(fixture.file("bottle")).warnings
    let surplus = fixture.file("bottle/ground_truth/contamination/007_mask.png")
    #expect(warnings == [.maskWithoutPicture(path: surplus)])
    try fixture.remove("bottle/ground_truth/broken_large/001_mask.png")
    let missing = DatasetError.MissingMask(
      picture: fixture.file("bottle/test/broken_large/001.png"),
      expected: fixture.file("bottle/ground_truth/broken_large/001_mask.png"))
    #expect(
      problem { _ = try Dataset.read(fixture.file("bottle")) }
        == .noMasks(path: fixture.file("bottle"), missing: [missing]))
  }

  @Test func masksAreOptionalAsAWhole() throws {
    let fixture = try Fixture()
    try bottle(in: fixture)
    try fixture.remove("bottle/ground_truth")
    let dataset = try Dataset.read(fixture.file("bottle"))
    #expect(!dataset.hasMasks)
    #expect(dataset.test.allSatisfy { $0.groundTruth == nil })
  }

  @Test func complainsOfAnEmptyTrainingFolder() throws {
    let fixture = try Fixture()
    try fixture.touch("train/good/readme.txt", "test/good/000.png")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .noGoodPictures(path: fixture.file("train/good")))
  }

  @Test func readsBTADWithBitmapsAndPNG() throws {
    let fixture = try Fixture()
    try fixture.touch(
      "01/train/ok/0000.bmp",
      "01/test/ok/0000.bmp",
      "01/test/ko/0000.bmp",
      "01/ground_truth/ko/0000.png",
      "02/train/ok/0000.png",
      "02/test/ok/0000.png",
      "02/test/ko/0000.png",
      "02/ground_truth/ko/0000.png",
      "03/train/ok/0000.bmp",
      "03/test/ok/0000.bmp",
      "03/test/ko/0000.bmp",
      "03/ground_truth/ko/0000.bmp"
    )
    #expect(try Dataset.categories(of: fixture.path) == ["01", "02", "03"])
    let third = try Dataset.read(fixture.path, category: "03")
    #expect(third.format == .btad)
    #expect(third.test.map(\.defectType) == ["good", "ko"])
    #expect(third.test[1].groundTruth == .picture(fixture.file("03/ground_truth/ko/0000.bmp")))
    let first = try Dataset.read(fixture.path, category: "01")
    #expect(first.test[1].groundTruth == .picture(fixture.file("01/ground_truth/ko/0000.png")))
  }

  @Test func readsTheOneClassReorganisationOfVisA() throws {
    let fixture = try Fixture()
    try fixture.touch(
      "candle/train/good/0001.JPG",
      "candle/test/good/0000.JPG",
      "candle/test/bad/000.JPG",
      "candle/ground_truth/bad/000.png"
    )
    let dataset = try Dataset.read(fixture.path, category: "candle")
    #expect(dataset.format == .visa)
    #expect(dataset.test[1].groundTruth == .labels([fixture.file("candle/ground_truth/bad/000.png")]))
  }

  @Test func readsMVTecAD2() throws {
    let fixture = try Fixture()
    try fixture.touch(
      "can/train/good/000_regular.png",
      "can/validation/good/000_regular.png",
      "can/test_public/good/000_regular.png",
      "can/test_public/bad/000_overexposed.png",
      "can/test_public/ground_truth/bad/000_overexposed_mask.png",
      "can/test_private/000_regular.png",
      "can/test_private_mixed/000_mixed.png"
    )
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .mvtecAD2)
    #expect(dataset.name == "can")
    #expect(dataset.train.count == 1 && dataset.validation.count == 1 && dataset.test.count == 2)
    #expect(
      dataset.test[1].groundTruth
        == .picture(fixture.file("can/test_public/ground_truth/bad/000_overexposed_mask.png"))
    )
    try fixture.remove("can/test_public/ground_truth/bad/000_overexposed_mask.png")
    guard case .noMasks(_, let missing) = problem({ _ = try Dataset.read(fixture.path) }) else {
      Issue.record("the missing mask is not said")
      return
    }
    #expect(missing.map(\.picture) == [fixture.file("can/test_public/bad/000_overexposed.png")])
  }

  @Test func combinesTheMasksOfMVTecLOCO() throws {
    let fixture = try Fixture()
    try fixture.touch(
      "splicing/train/good/000.png",
      "splicing/validation/good/000.png",
      "splicing/test/good/000.png",
      "splicing/defects_config.json"
    )
    try fixture.picture("splicing/test/logical_anomalies/000.png")
    try fixture.picture("splicing/test/structural_anomalies/000.png")
    try fixture.picture("splicing/ground_truth/logical_anomalies/000/000.png", [0, 250])
    try fixture.picture("splicing/ground_truth/logical_anomalies/000/001.png", [0, 0, 3])
    try fixture.picture("splicing/ground_truth/structural_anomalies/000/000.png", [1])
    try fixture.touch("splicing/ground_truth/structural_anomalies/009/000.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .mvtecLOCO)
    #expect(dataset.test.map(\.defectType) == ["good", "logical_anomalies", "structural_anomalies"])
    let mask = try #require(try dataset.test[1].mask(width: 4, height: 3))
    #expect(mask.pixels.indices.filter { mask.pixels[$0] } == [1, 2])
    let surplus = fixture.file("splicing/ground_truth/structural_anomalies/009")
    #expect(dataset.warnings == [.masksWithoutPictures(path: surplus)])
    try fixture.remove("splicing/ground_truth/logical_anomalies/000")
    let missing = DatasetError.MissingMask(
      picture: fixture.file("splicing/test/logical_anomalies/000.png"),
      expected: fixture.file("splicing/ground_truth/logical_anomalies/000/000.png"))
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .noMasks(path: fixture.file("splicing"), missing: [missing]))
  }

  @Test func readsMPDD() throws {
    let fixture = try Fixture()
    for category in ["connector", "tubes"] { try bottle(in: fixture, category) }
    let dataset = try Dataset.read(fixture.path, category: "tubes")
    #expect(dataset.format == .mpdd && dataset.train.count == 2 && dataset.hasMasks)
    #expect(try Dataset.categories(of: fixture.path) == ["connector", "tubes"])
    try bottle(in: fixture, "mpdd/metal_plate")
    #expect(try DatasetFormat.detect(fixture.file("mpdd/metal_plate")) == .mpdd)
    // A connector alone may be anybody's.
    #expect(try DatasetFormat.detect(fixture.file("connector")) == .mvtecAD)
  }

  @Test func readsRealIAD() throws {
    let fixture = try Fixture()
    let json = """
      {"meta": {"normal_class": "OK", "prefix": "audiojack/"},
       "train": [{"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S0001/C1.jpg",
                  "mask_path": null},
                 {"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S0001/C2.jpg",
                  "mask_path": null}],
       "test": [{"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S0002/C1.jpg",
                 "mask_path": null},
                {"category": "audiojack", "anomaly_class": "BX", "image_path": "NG/BX/S0003/C1.jpg",
                 "mask_path": "NG/BX/S0003/C1.png"}]}
      """
    try fixture.write("realiad_jsons/audiojack.json", Data(json.utf8))
    let pictures = "realiad_1024/audiojack"
    try fixture.touch(
      "\(pictures)/OK/S0001/C1.jpg", "\(pictures)/OK/S0001/C2.jpg", "\(pictures)/OK/S0002/C1.jpg",
      "\(pictures)/NG/BX/S0003/C1.jpg", "\(pictures)/NG/BX/S0003/C1.png")
    #expect(try Dataset.categories(of: fixture.path) == ["audiojack"])
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .realIAD && dataset.name == "audiojack")
    #expect(dataset.train.allSatisfy { $0.group == "OK/S0001" })
    #expect(dataset.test.map(\.defectType) == ["good", "BX"])
    #expect(dataset.test[1].groundTruth == .picture(fixture.file("\(pictures)/NG/BX/S0003/C1.png")))
    #expect(dataset.warnings.isEmpty)
    try fixture.write("realiad_jsons/audiojack.json", Data("{\"meta\": 1".utf8))
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .unreadable(path: fixture.file("realiad_jsons/audiojack.json"), reason: "it is not JSON"))
  }
}
