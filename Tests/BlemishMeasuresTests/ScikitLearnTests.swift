import BlemishSupport
import Foundation
import GoldenCases
import Testing

@testable import BlemishMeasures

/// The figures that scikit-learn defines as well, on random maps with ties.
@Suite(.enabled("scikit-learn is not installed") { PeerPython.has("sklearn") }) struct ScikitLearnTests {
  private struct Map: Codable {
    var scores: [Float]
    var mask: [Bool]
  }

  private struct Figures: Codable {
    var auroc: Double
    var averagePrecision: Double
    var bestF1: Double
  }

  @Test func fiftyRandomMapsWithTies() throws {
    var generator = RandomStream(seed: 50)
    let (width, height) = (31, 23)
    let maps = (0..<50).map { index in
      // Few levels in the first maps, many in the last; more anomalous pixels in every other one.
      let levels = Float(2 + index * index)
      let share = index % 2 == 0 ? 0.02 : 0.4
      var map = Map(scores: [], mask: [])
      for pixel in 0..<(width * height) {
        let anomalous = pixel == 0 || (pixel > 1 && Double.random(in: 0..<1, using: &generator) < share)
        let score = Float.random(in: 0..<1, using: &generator) + (anomalous ? 0.2 : 0)
        map.scores.append((score * levels).rounded() / levels)
        map.mask.append(anomalous)
      }
      return map
    }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try JSONEncoder().encode(maps).write(to: file)
    let answer = try PeerPython.run(
      """
      import json, sys
      import numpy as np
      from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
      figures = []
      for map in json.load(open(sys.argv[1])):
          truth, score = np.array(map["mask"]), np.array(map["scores"], dtype=np.float32)
          precision, recall, _ = precision_recall_curve(truth, score)
          f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
          figures.append(dict(auroc=roc_auc_score(truth, score), bestF1=f1.max(),
                              averagePrecision=average_precision_score(truth, score)))
      print(json.dumps(figures))
      """, [file.path])
    let figures = try JSONDecoder().decode([Figures].self, from: Data(answer.utf8))
    try #require(figures.count == maps.count)
    for (map, expected) in zip(maps, figures) {
      let evaluation = PixelEvaluation()
      try evaluation.add(scores: map.scores, mask: map.mask, width: width)
      let pixels = try evaluation.measures().ranking
      let images = try ImageEvaluation(scores: map.scores, anomalous: map.mask).ranking
      for ranking in [pixels, images] {
        #expect(abs(try #require(ranking.auroc.value) - expected.auroc) < 1e-9)
        #expect(abs(try #require(ranking.averagePrecision.value) - expected.averagePrecision) < 1e-9)
        #expect(abs(try #require(ranking.bestF1.value) - expected.bestF1) < 1e-9)
      }
    }
  }
}
