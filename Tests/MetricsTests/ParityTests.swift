import Foundation
import Testing

@testable import Metrics

@Suite("Parity with the published metrics", .enabled(if: GoldenFile.available))
struct ParityTests {
  @Test(arguments: GoldenFile.cases("metrics"))
  func metrics(name: String) throws {
    let file = try GoldenFile(name)
    let score = try #require(file["score"])
    let mask = try #require(file["mask"])
    let thresholds = try #require(file["miou_thresholds"]).values.map { Float($0) }
    let labels = try #require(file["image_label"]).values.map { $0 > 0 }
    let size = score.shape[2] * score.shape[3]
    let evaluation = PixelEvaluation()
    var imageScores: [Float] = []
    for image in 0..<score.shape[0] {
      let scores = score.values[image * size..<(image + 1) * size].map { Float($0) }
      let anomalous = mask.values[image * size..<(image + 1) * size].map { $0 > 0.5 }
      try evaluation.add(scores: scores, mask: anomalous, width: score.shape[3])
      imageScores.append(scores.max() ?? 0)
    }
    let measures = try evaluation.measures(thresholds: thresholds)
    func expect(_ actual: Measured, _ key: String, _ tolerance: Double) throws {
      let expected = try #require(file[key]).values[0]
      #expect(abs((actual.value ?? .nan) - expected) <= tolerance, "\(key): \(actual), not \(expected)")
    }
    try expect(measures.ranking.auroc, "pixel_auroc", 1e-12)
    try expect(
      ImageEvaluation(scores: imageScores, anomalous: labels).ranking.auroc,
      "image_auroc",
      1e-12
    )
    try expect(measures.aupro, "aupro_30", 0.01)
    try expect(measures.aupro, "msflow_pro_200_steps", 0.01)
    // The published function takes all pictures together.
    let published = try #require(file["miou"]).values
    for (result, expected) in zip(measures.atThresholds, published) {
      #expect(abs((result.pooledIoU.value ?? .nan) - expected) < 1e-7)
    }
    #expect((measures.bestPooledIoU.value ?? 0) >= (published.max() ?? 1) - 1e-7)
  }
}
