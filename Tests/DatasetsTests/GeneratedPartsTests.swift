import Foundation
import Imaging
import Testing

@testable import Datasets

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

  @Test(arguments: PartMaterial.allCases)
  func drawsTheSamePictureForASeed(material: PartMaterial) {
    let first = material.draw(size: 24, name: "a", seed: 3)
    #expect(material.draw(size: 24, name: "a", seed: 3).picture == first.picture)
    #expect(material.draw(size: 24, name: "a", seed: 4).picture != first.picture)
    #expect(material.draw(size: 24, name: "b", seed: 3).picture != first.picture)
    #expect(!first.mask.pixels.contains(true))
  }

  @Test(arguments: PartMaterial.allCases)
  func plantsEveryDefectOfAMaterial(material: PartMaterial) {
    for defect in material.defects {
      for specimen in 0..<3 {
        let mask = material.draw(size: 64, defect: defect, name: "\(specimen)", seed: 0).mask
        let marked = mask.pixels.filter { $0 }.count
        #expect((4..<750).contains(marked), "\(material) \(defect) \(specimen): \(marked) pixels")
      }
    }
  }

  @Test func refusesASizeThatCannotBeDrawn() throws {
    let fixture = try Fixture()
    #expect(message { try GeneratedParts(size: 0).write(to: fixture.path) }.contains("size"))
  }
}
