import Foundation
import Testing

@testable import BlemishDatasets

@Suite struct OwnPicturesTests {
  @Test func takesAPlainFolderAsGoodPictures() throws {
    let fixture = try Fixture()
    try fixture.touch("b10.PNG", "b9.jpeg", "a.tif", "notes.txt", ".hidden.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .folder)
    #expect(dataset.train.map(\.name) == ["a.tif", "b9.jpeg", "b10.PNG"])
    #expect(dataset.test.isEmpty)
    #expect(!dataset.hasMasks)
  }

  @Test func takesOtherFoldersBesideGoodAsDefects() throws {
    let fixture = try Fixture()
    for index in 0..<10 { try fixture.touch("good/\(index).png") }
    try fixture.touch("scratch/1.png", "scratch/1_mask.png", "dent/2.png", "dent/3.png", "masks/dent/2.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.train.count == 8)
    #expect(dataset.test.count == 2 + 3)
    #expect(dataset.defectTypes == ["dent", "scratch"])
    let masks = dataset.test.filter(\.isAnomalous).map(\.groundTruth)
    #expect(
      masks == [
        .picture(fixture.file("masks/dent/2.png")), nil, .picture(fixture.file("scratch/1_mask.png")),
      ]
    )
    let missing = DatasetWarning.pictureWithoutMask(
      path: fixture.file("dent/3.png"), expected: fixture.file("masks/dent/3_mask.png"))
    #expect(dataset.warnings == [missing])
  }

  @Test func takesDefectsInTIFFWithMasksBesideThemForTheUsersOwn() throws {
    let fixture = try Fixture()
    for index in 0..<5 { try fixture.touch("good/\(index).tif") }
    try fixture.touch("scratch/1.tif", "scratch/1_mask.tif")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.format == .folder && dataset.train.count == 4 && dataset.test.count == 2)
    #expect(dataset.test[1].groundTruth == .picture(fixture.file("scratch/1_mask.tif")))
  }

  @Test func findsMaskFoldersHoweverTheyAreWritten() throws {
    let fixture = try Fixture()
    try fixture.touch("Good/0.png", "Good/1.png", "dent/2.png", "Masks/dent/2.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.defectTypes == ["dent"])
    #expect(dataset.test.last?.groundTruth == .picture(fixture.file("Masks/dent/2.png")))
  }

  @Test func saysWhatWasLookedFor() throws {
    let fixture = try Fixture()
    #expect(problem { _ = try Dataset.read(fixture.path) } == .empty(path: fixture.path))
    try fixture.touch("notes/readme.txt")
    let unrecognized = problem { _ = try Dataset.read(fixture.path) }
    #expect(unrecognized == .unrecognized(path: fixture.path))
    for format in DatasetFormat.allCases where format != .auto {
      #expect(unrecognized?.description.contains("\n  \(format.rawValue): ") == true)
    }
    #expect(
      problem { _ = try Dataset.read(fixture.path, format: .btad) }
        == .otherLayout(path: fixture.path, asked: .btad))
    let nowhere = fixture.file("nowhere")
    #expect(problem { _ = try Dataset.read(nowhere) } == .missing(path: nowhere))
    let file = fixture.file("notes/readme.txt")
    #expect(problem { _ = try Dataset.read(file) } == .notAFolder(path: file))
  }

  @Test func everyFormatHasALayout() {
    let formats = DatasetFormat.layouts.map { $0.format }
    #expect(Set(formats + [.auto]) == Set(DatasetFormat.allCases))
    #expect(formats.last == .folder)
  }

  @Test func readsAListing() throws {
    let fixture = try Fixture()
    let text = """
      \u{FEFF}image,label,mask,split
      "a, first.png",good,,train
      b.png,ok,,test
      c.png,"deep ""scratch\""",c_mask.png,
      d.png,1,,test
      e.png,good,,

      """
    try fixture.write("pictures.csv", Data(text.utf8))
    try fixture.touch("a, first.png", "b.png", "c.png", "c_mask.png", "d.png", "e.png")
    let dataset = try Dataset.read(fixture.file("pictures.csv"))
    #expect(try Dataset.read(fixture.file("pictures.csv"), category: dataset.name) == dataset)
    let inFolder = try Dataset.read(fixture.path)
    #expect(try Dataset.read(fixture.path, category: inFolder.name) == inFolder)
    #expect(dataset.format == .csv)
    #expect(dataset.name == "pictures")
    #expect(Set(dataset.train.map(\.name)) == ["a, first.png", "e.png"])
    #expect(dataset.test.map(\.defectType) == ["good", "anomaly", "deep \"scratch\""])
    #expect(dataset.test[2].groundTruth == .picture(fixture.file("c_mask.png")))
    #expect(try DatasetFormat.detect(fixture.path) == .csv)
  }

  @Test(
    arguments: [
      ("image,label\nmissing.png,good\n", 2, .missingFile("missing.png")),
      ("image,label\na.png\n", 2, .fields(found: 1, expected: 2)),
      ("image,label\n,good\n", 2, .noPicture),
      ("image,label\na.png,\n", 2, .noLabel),
      ("image,label,split\na.png,good,perhaps\n", 2, .unknownSplit("perhaps")),
      ("image,label\na.png,good\na.png,good\n", 3, .listedTwice(picture: "a.png", line: 2)),
      ("image,label\na.png,good\n./a.png,good\n", 3, .listedTwice(picture: "./a.png", line: 2)),
      (
        "image,label,split\na.png,good,train\n./a.png,good,test\n", 3,
        .listedForTwoSplits(picture: "./a.png", split: .test, line: 2, otherSplit: .train)
      ),
      ("image,label\n\"a.png,good\n", 2, .openQuote),
      ("picture,kind\na.png,good\n", nil, .noColumns(found: ["picture", "kind"])),
      ("image,label,category\na.png,good,bolt\nb.png,good,\n", 3, .noCategory),
      ("", nil, .noHeading),
    ] as [(String, Int?, ListingProblem)])
  func saysWhatIsWrongWithAListing(text: String, line: Int?, expected: ListingProblem) throws {
    let fixture = try Fixture()
    try fixture.write("list.csv", Data(text.utf8))
    try fixture.touch("a.png", "b.png")
    let path = fixture.file("list.csv")
    #expect(
      problem { _ = try Dataset.read(path, format: .csv) }
        == .listing(path: path, line: line, problem: expected))
  }

  @Test func readsListingsOfSpreadsheets() throws {
    let fixture = try Fixture()
    let text = "image;label;mask;size\r\nsub\\a.png;0,0;;1,5\r\n./b.png;1,0;m.png;2,25\r\n;;;\r\n"
    try fixture.write("list.csv", Data(text.utf8))
    try fixture.touch("sub/a.png", "b.png", "m.png")
    let dataset = try Dataset.read(fixture.path)
    #expect(dataset.train.map(\.path) == [fixture.file("sub/a.png")])
    #expect(dataset.test.map(\.path) == [fixture.file("b.png")])
    #expect(dataset.test.map(\.defectType) == ["anomaly"])
  }

  @Test func aLinkToAListedPictureIsThePicture() throws {
    let fixture = try Fixture()
    try fixture.touch("a.png")
    try FileManager.default.createSymbolicLink(
      atPath: fixture.file("same.png"), withDestinationPath: fixture.file("a.png"))
    try fixture.write("list.csv", Data("image,label,split\na.png,good,train\nsame.png,good,test\n".utf8))
    #expect(
      problem { _ = try Dataset.read(fixture.file("list.csv")) }
        == .listing(
          path: fixture.file("list.csv"), line: 3,
          problem: .listedForTwoSplits(
            picture: "same.png", split: .test, line: 2, otherSplit: .train)))
  }
}
