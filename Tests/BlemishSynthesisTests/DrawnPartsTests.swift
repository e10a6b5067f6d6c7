import Testing

@testable import BlemishSynthesis

@Suite struct DrawnPartsTests {
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

  @Test func refusesASizeThatCannotBeDrawn() {
    #expect(throws: GeneratedPartsError.unusableSize(0, allowed: GeneratedParts.sizes)) {
      try GeneratedParts(size: 0).write(to: "/nowhere")
    }
  }

  @Test(arguments: PartMaterial.allCases)
  func goodPicturesOfAFixedPartHardlyVaryInLight(material: PartMaterial) {
    let means = (0..<16).map { index -> Double in
      let picture = material.draw(size: 64, name: "\(index)", seed: 0).picture
      guard case .eightBit(let values) = picture.samples else { return 0 }
      return values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }
    let middle = means.reduce(0, +) / 16
    let spread = (means.max()! - means.min()!) / middle
    // Gain and offset together change the mean by 1% and 0.5% of white to either side.
    #expect(material.isFixed ? spread < 0.05 : spread > 0.05, "\(spread)")
  }
}
