import BlemishImaging
import Testing

@testable import BlemishEvaluation

/// Drawn masks against the truth.
@Suite struct MaskAgreementTests {
  private func mask(_ pixels: String) -> Mask {
    Mask(width: pixels.count, height: 1, pixels: pixels.map { $0 == "#" })
  }

  @Test func pixelsAreCounted() throws {
    let agreement = try #require(MaskAgreement(mask("##.#"), truth: mask(".###")))
    #expect(agreement == MaskAgreement(truePositives: 2, drawn: 3, defective: 3))
    #expect(agreement.intersectionOverUnion == 0.5)
    #expect(agreement.areaRatio == 1)
    #expect(MaskAgreement(mask("#..."), truth: mask("....")) == nil)
  }

  @Test func whatIsNotFoundCountsInTheMeanOfAllAlone() {
    let pictures = [
      MaskAgreement(truePositives: 2, drawn: 4, defective: 2),
      MaskAgreement(truePositives: 2, drawn: 2, defective: 4),
      MaskAgreement(truePositives: 0, drawn: 3, defective: 5),
    ]
    let figures = MaskFigures(pictures)
    #expect(figures.iou == 1.0 / 3)
    #expect(figures.foundIoU == 0.5)
    #expect(figures.precision == 0.75)
    #expect(figures.recall == 0.75)
    #expect(figures.areaRatio == 1.25)
    #expect(MaskFigures(pictures, drawn: [0, 2, 0]).areaRatio == 0.5)
    #expect(MaskFigures([pictures[2]]).foundIoU == nil)
    #expect(MaskFigures([]).iou == nil)
  }
}
