import Foundation
import Testing

@testable import Datasets

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
    #expect(dataset.warnings.count == 1 && dataset.warnings[0].contains("dent/3.png"))
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
    #expect(message { _ = try Dataset.read(fixture.path) }.contains("is empty"))
    try fixture.touch("2024-01/a.png", "2024-02/b.png")
    let problem = message { _ = try Dataset.read(fixture.path) }
    for format in DatasetFormat.allCases where format != .auto { #expect(problem.contains(format.rawValue)) }
    #expect(message { _ = try Dataset.read(fixture.path, format: .btad) }.contains("train/ok"))
    #expect(message { _ = try Dataset.read(fixture.file("nowhere")) }.contains("nowhere: does not exist"))
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

  @Test(arguments: [
    ("image,label\nmissing.png,good\n", "missing.png"),
    ("image,label\na.png\n", "line 2 has 1 fields"),
    ("image,label\n,good\n", "line 2 names no picture"),
    ("image,label\na.png,\n", "line 2 has no label"),
    ("image,label,split\na.png,good,perhaps\n", "perhaps"),
    ("image,label\na.png,good\na.png,good\n", "twice"),
    ("image,label\n\"a.png,good\n", "never closed"),
    ("picture,kind\na.png,good\n", "needs the columns"),
    ("image,label,category\na.png,good,bolt\nb.png,good,\n", "line 3 names no category"),
    ("", "is empty"),
  ])
  func saysWhatIsWrongWithAListing(text: String, expected: String) throws {
    let fixture = try Fixture()
    try fixture.write("list.csv", Data(text.utf8))
    try fixture.touch("a.png", "b.png")
    let problem = message { _ = try Dataset.read(fixture.file("list.csv"), format: .csv) }
    #expect(problem.contains(expected), "\(problem)")
  }
}
