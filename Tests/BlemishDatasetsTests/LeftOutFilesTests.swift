import BlemishSupport
import Foundation
import Testing

@testable import BlemishDatasets

@Suite struct LeftOutFilesTests {
  @Test func countsByKindWhatIsLeftOut() throws {
    let fixture = try Fixture()
    try fixture.touch(
      "a.jpe", "b.jfif", "c.webp", "d.gif", "e.gif", "f.heic", "IM0001", "notes.txt", "LICENSE", ".g.png",
      "._a.jpe", ".DS_Store", "more/h.png", "more/i.png", "texts/j.txt", ".trash/k.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.train.map(\.name) == ["a.jpe", "b.jfif", "c.webp"])
    let path = fixture.path
    #expect(
      dataset.warnings == [
        .leftOut(path: path, kind: .ending(""), count: 1),
        .leftOut(path: path, kind: .ending("gif"), count: 2),
        .leftOut(path: path, kind: .ending("heic"), count: 1),
        .leftOut(path: path, kind: .hidden, count: 1),
        .leftOut(path: path, kind: .hiddenFolder(".trash"), count: 1),
        .leftOut(path: path, kind: .oneLevelDown("more"), count: 2),
      ])
  }

  @Test func namesWhatIsLeftOutOfPublishedLayouts() throws {
    let fixture = try Fixture()
    try fixture.touch(
      "train/good/0.png", "train/good/old/1.png", "test/good/2.png", "test/dent/3.png", "test/dent/4.gif",
      ".cache/5.png")
    #expect(
      try Dataset.read(fixture.path).warnings == [
        .leftOut(path: fixture.path, kind: .hiddenFolder(".cache"), count: 1),
        .leftOut(path: fixture.file("test/dent"), kind: .ending("gif"), count: 1),
        .leftOut(path: fixture.file("train/good"), kind: .oneLevelDown("old"), count: 1),
      ])
  }

  @Test func saysThatPicturesAreOneLevelDown() throws {
    let fixture = try Fixture()
    try fixture.touch("2024-01/a.png", "2024-02/b.png", "texts/c.txt")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .picturesOneLevelDown(path: fixture.path, folders: ["2024-01", "2024-02"]))
  }

  @Test func saysWhatAFolderWithoutPicturesHolds() throws {
    let fixture = try Fixture()
    try fixture.touch("a.gif", "b.gif", ".c.png")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .noPictures(
          path: fixture.path,
          leftOut: [
            .leftOut(path: fixture.path, kind: .ending("gif"), count: 2),
            .leftOut(path: fixture.path, kind: .hidden, count: 1),
          ]))
    try fixture.touch("good/a.gif")
    #expect(
      problem { _ = try Dataset.read(fixture.path) }
        == .noPictures(
          path: fixture.file("good"),
          leftOut: [.leftOut(path: fixture.file("good"), kind: .ending("gif"), count: 1)]))
  }

  @Test func noMessageNamesACommandLineOption() {
    let errors: [DatasetError] = [
      .severalCategories(path: "a", known: ["b"]), .otherLayout(path: "a", asked: .btad),
      .unrecognized(path: "a"), .picturesOneLevelDown(path: "a", folders: ["b"]), .noGoodPictures(path: "a"),
      .noVideoProgram(path: "a", frames: "b"), .notAFolder(path: "a"),
    ]
    for error in errors { #expect(!error.description.contains("--")) }
  }

  @Test func leavesMasksBesideGoodPicturesOut() throws {
    let fixture = try Fixture()
    let surface = (0..<1024 as Range<UInt64>).map { UInt8(truncatingIfNeeded: SplitMix64.mixed($0)) }
    for name in ["a.png", "b.png", "c.jpg", "d.png", "e.png", "good_mask.png"] {
      try fixture.picture("good/\(name)", surface, width: 32, height: 32)
    }
    try fixture.picture("good/a_mask.png", width: 32, height: 32)
    try fixture.picture("good/b_mask.png", [255, 255], width: 32, height: 32)
    try fixture.picture("good/c.png", width: 32, height: 32)
    try fixture.picture("good/empty.png", width: 32, height: 32)
    let dataset = try Dataset.read(fixture.path)
    #expect(
      dataset.train.map(\.name) == [
        "good/a.png", "good/c.jpg", "good/d.png", "good/e.png", "good/good_mask.png",
      ])
    #expect(
      dataset.warnings == [
        .masksNotLearnt(path: fixture.file("good"), count: 4, example: "a_mask.png"),
        .markedNotLearnt(path: fixture.file("good"), count: 1, example: "b.png"),
      ])
  }

  @Test(arguments: ["Good", "GOOD", "OK", "ok", "normal"])
  func recognisesFoldersOfGoodPicturesHoweverTheyAreWritten(name: String) throws {
    let fixture = try Fixture()
    try fixture.touch(
      "train/\(name)/0.png", "test/\(name)/1.png", "test/dent/2.png", "ground_truth/dent/2_mask.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == (name.lowercased() == "ok" ? .btad : .mvtecAD))
    #expect(dataset.train.map(\.name) == ["train/\(name)/0.png"])
    #expect(dataset.test.map(\.defectType) == ["good", "dent"])
    #expect(dataset.warnings.isEmpty)
  }
}
