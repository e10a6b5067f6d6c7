import GoldenCases
import Testing

@testable import BlemishMeasures

@Suite("Parity with the published metrics")
struct ParityTests {
  @Test(arguments: Golden.cases("metrics/"))
  func metrics(golden: GoldenCase) throws {
    let tensors = try golden.tensors()
    let score = try #require(tensors["score"])
    let (scores, mask) = (score.floats(), try #require(tensors["mask"]).floats())
    let thresholds = try #require(tensors["miou_thresholds"]).floats()
    let labels = try #require(tensors["image_label"]).doubles().map { $0 > 0 }
    let size = score.shape[2] * score.shape[3]
    let evaluation = PixelEvaluation()
    var atThresholds = thresholds.map { ThresholdEvaluation(threshold: $0) }
    var imageScores: [Float] = []
    for image in 0..<score.shape[0] {
      let pixels = image * size..<(image + 1) * size
      let anomalous = mask[pixels].map { $0 > 0.5 }
      try evaluation.add(scores: Array(scores[pixels]), mask: anomalous, width: score.shape[3])
      for index in atThresholds.indices {
        try atThresholds[index].add(scores: Array(scores[pixels]), mask: anomalous)
      }
      imageScores.append(scores[pixels].max() ?? 0)
    }
    let measures = try evaluation.measures()
    func expect(_ actual: Measured, _ key: String, _ tolerance: Double) throws {
      let expected = try #require(tensors[key]).doubles()[0]
      #expect(abs((actual.value ?? .nan) - expected) <= tolerance, "\(key): \(actual), not \(expected)")
    }
    try expect(measures.ranking.auroc, "pixel_auroc", 1e-12)
    try expect(
      ImageEvaluation(scores: imageScores, anomalous: labels).ranking.auroc,
      "image_auroc",
      1e-12
    )
    try expect(measures.aupro, "aupro_30", 0.01)
    // In 200 steps over the scores' range, the published curve is a coarse one.
    try expect(measures.aupro, "msflow_pro_200_steps", 0.02)
    // The published function takes all pictures together.
    let published = try #require(tensors["miou"]).doubles()
    for (result, expected) in zip(atThresholds, published) {
      #expect(abs((result.measures.pooledIoU.value ?? .nan) - expected) < 1e-7)
    }
    #expect((measures.bestPooledIoU.value ?? 0) >= (published.max() ?? 1) - 1e-7)
  }
}
