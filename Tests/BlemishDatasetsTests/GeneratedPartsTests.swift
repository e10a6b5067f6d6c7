import BlemishSynthesis
import Foundation
import Testing

@testable import BlemishDatasets

@Suite struct GeneratedPartsTests {
  @Test func writesTheMVTecLayout() throws {
    let fixture = try Fixture()
    let parts = GeneratedParts(
      materials: [.cloth, .tablet],
      size: 32,
      trainingPictures: 3,
      goodTestPictures: 2,
      picturesPerDefect: 1
    )
    try parts.write(to: fixture.path)
    #expect(try DatasetFormat.detect(fixture.path) == .mvtecAD)
    #expect(try Dataset.categories(of: fixture.path) == ["cloth", "tablet"])
    let cloth = try Dataset.read(fixture.path, category: "cloth")
    #expect(cloth.train.count == 3)
    #expect(cloth.test.filter { !$0.isAnomalous }.count == 2)
    #expect(cloth.defectTypes == PartMaterial.cloth.defects.map(\.rawValue).sorted())
    #expect(cloth.warnings.isEmpty)
    for sample in cloth.test where sample.isAnomalous {
      #expect(try #require(try sample.mask(width: 32, height: 32)).pixels.contains(true))
    }
  }
}
