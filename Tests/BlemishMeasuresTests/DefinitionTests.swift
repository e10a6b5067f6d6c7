import BlemishSupport
import Foundation
import Testing

@testable import BlemishMeasures

/// The metrics by their definitions, threshold by threshold.
struct Naive {
  let maps: [[Float]]
  let masks: [[Bool]]
  let width: Int

  func predicted(_ image: Int, above threshold: Float) -> [Bool] { maps[image].map { $0 > threshold } }

  /// Every threshold that makes a difference, the strictest first.
  var thresholds: [Float] {
    let scores = Set(maps.joined()).sorted(by: >)
    return scores + [-.infinity]
  }

  func counts(above threshold: Float) -> (truePositives: Int, falsePositives: Int) {
    var counts = (0, 0)
    for image in maps.indices {
      for (pixel, isPredicted) in predicted(image, above: threshold).enumerated() where isPredicted {
        if masks[image][pixel] { counts.0 += 1 } else { counts.1 += 1 }
      }
    }
    return counts
  }

  var positives: Int { masks.joined().count { $0 } }
  var negatives: Int { masks.joined().count { !$0 } }

  var auroc: Double {
    let scores = Array(maps.joined())
    let labels = Array(masks.joined())
    var sum = 0.0
    for (positive, isPositive) in zip(scores, labels) where isPositive {
      for (negative, isPositive) in zip(scores, labels) where !isPositive {
        sum += positive > negative ? 1 : positive == negative ? 0.5 : 0
      }
    }
    return sum / Double(positives) / Double(negatives)
  }

  var averagePrecision: Double {
    var sum = 0.0
    var recall = 0.0
    for threshold in thresholds.dropFirst() {
      let (hits, misses) = counts(above: threshold)
      sum += (Double(hits) / Double(positives) - recall) * Double(hits) / Double(hits + misses)
      recall = Double(hits) / Double(positives)
    }
    return sum
  }

  func f1(above threshold: Float) -> Double {
    let (hits, misses) = counts(above: threshold)
    return 2 * Double(hits) / Double(hits + misses + positives)
  }

  func meanIoU(above threshold: Float) -> Double {
    var sum = 0.0
    for image in maps.indices {
      let pairs = zip(predicted(image, above: threshold), masks[image])
      let intersection = Double(pairs.count { $0 && $1 })
      let union = Double(pairs.count { $0 || $1 })
      sum += union == 0 ? 1 : intersection / union
    }
    return sum / Double(maps.count)
  }

  func largest(_ metric: (Float) -> Double) -> Double {
    thresholds.reduce(0) { max($0, metric($1)) }
  }

  /// The 8-connected regions by repeated flooding.
  func floodedRegions(_ image: Int) -> [Set<Int>] {
    var left = Set(masks[image].indices.filter { masks[image][$0] })
    var regions: [Set<Int>] = []
    while let start = left.first {
      var region: Set<Int> = []
      var open = [start]
      left.remove(start)
      while let pixel = open.popLast() {
        region.insert(pixel)
        for other in left
        where abs(other / width - pixel / width) <= 1 && abs(other % width - pixel % width) <= 1 {
          left.remove(other)
          open.append(other)
        }
      }
      regions.append(region)
    }
    return regions
  }

  func aupro(limit: Double = 0.3) -> Double {
    let regions = maps.indices.flatMap { image in floodedRegions(image).map { (image, $0) } }
    var points: [(x: Double, y: Double)] = []
    for threshold in thresholds {
      let overlaps = regions.map { (image: Int, region: Set<Int>) -> Double in
        Double(region.count { maps[image][$0] > threshold }) / Double(region.count)
      }
      let rate = Double(counts(above: threshold).falsePositives) / Double(negatives)
      points.append((rate, overlaps.reduce(0, +) / Double(regions.count)))
    }
    var area = 0.0
    for (one, two) in zip(points, points.dropFirst()) where one.x < limit {
      let end = min(two.x, limit)
      guard two.x > one.x else { continue }
      let y = one.y + (two.y - one.y) * (end - one.x) / (two.x - one.x)
      area += (end - one.x) * (one.y + y) / 2
    }
    return area / limit
  }
}

struct DefinitionTests {
  static func random(_ seed: UInt64) -> Naive {
    var generator = RandomStream(seed: seed)
    let images = Int.random(in: 1...4, using: &generator)
    let height = Int.random(in: 2...9, using: &generator)
    let width = Int.random(in: 2...9, using: &generator)
    let levels = [2, 7, 1000].randomElement(using: &generator) ?? 2
    var maps: [[Float]] = []
    var masks: [[Bool]] = []
    for image in 0..<images {
      let densities: [Double] = image == 0 ? [0.3] : [0, 0.1, 0.5]
      let density = densities.randomElement(using: &generator) ?? 0
      masks.append(
        (0..<height * width).map { pixel in
          pixel < 2 && image == 0 ? pixel == 0 : Double.random(in: 0..<1, using: &generator) < density
        }
      )
      maps.append(
        masks[image].map { isAnomalous in
          let score = Int.random(in: -levels..<levels, using: &generator)
          return Float(isAnomalous ? score + levels / 2 : score) * 0.25
        }
      )
    }
    return Naive(maps: maps, masks: masks, width: width)
  }

  func evaluation(_ naive: Naive, memoryLimit: Int = 1 << 20) throws -> PixelEvaluation {
    let evaluation = PixelEvaluation(memoryLimit: memoryLimit)
    for (map, mask) in zip(naive.maps, naive.masks) {
      try evaluation.add(scores: map, mask: mask.contains(true) ? mask : nil, width: naive.width)
    }
    return evaluation
  }

  func expectClose(
    _ actual: Measured,
    _ expected: Double,
    _ tolerance: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      abs((actual.value ?? .nan) - expected) <= tolerance,
      "\(actual), not \(expected)",
      sourceLocation: sourceLocation
    )
  }

  @Test(arguments: UInt64(0)..<120)
  func oneSweepFindsWhatTheDefinitionsSay(seed: UInt64) throws {
    let naive = Self.random(seed)
    let measures = try evaluation(naive, memoryLimit: seed % 2 == 0 ? 1 : 1 << 20).measures()
    expectClose(measures.ranking.auroc, naive.auroc)
    expectClose(measures.ranking.averagePrecision, naive.averagePrecision)
    expectClose(measures.aupro, naive.aupro())
    expectClose(measures.bestMeanIoU, naive.largest(naive.meanIoU))
    expectClose(measures.bestMeanIoU, naive.meanIoU(above: measures.bestMeanIoUThreshold))
    expectClose(measures.ranking.bestF1, naive.largest(naive.f1))
    expectClose(measures.ranking.bestF1, naive.f1(above: measures.ranking.bestF1Threshold))
    #expect(measures.regions == naive.maps.indices.reduce(0) { $0 + naive.floodedRegions($1).count })
    for threshold: Float in [0.5, -3, 1e9, 0.25, -.infinity] {
      var fixed = ThresholdEvaluation(threshold: threshold)
      for (map, mask) in zip(naive.maps, naive.masks) { try fixed.add(scores: map, mask: mask) }
      expectClose(fixed.measures.meanIoU, naive.meanIoU(above: threshold))
      expectClose(fixed.measures.f1, naive.f1(above: threshold))
      let counts = naive.counts(above: threshold)
      #expect(fixed.measures.truePositives == counts.truePositives)
      #expect(fixed.measures.falsePositives == counts.falsePositives)
      let falseAlarms = naive.maps.indices.count { image in
        !naive.masks[image].contains(true) && naive.predicted(image, above: threshold).contains(true)
      }
      #expect(fixed.measures.normalImagesWithFalsePositives == falseAlarms)
    }
  }

  @Test
  func manySmallIntervalsGiveTheSameOrderAsOneSort() throws {
    struct Recorder: KeyVisitor {
      var seen: [UInt64] = []
      var key: UInt32 = 0
      mutating func begin(key: UInt32) { self.key = key }
      mutating func add(run: Int, count: Int) {
        seen += [UInt64](repeating: UInt64(key) << 32 | UInt64(run), count: count)
      }
      mutating func end() {}
    }
    var generator = RandomStream(seed: 3)
    for limit in [100, 40_000, 1 << 30] {
      let runs = SortedRuns(memoryLimit: limit)
      var expected: [UInt64] = []
      for run in 0..<40 {
        let range: ClosedRange<UInt32> =
          run % 3 == 0 ? 0...UInt32.max : run % 3 == 1 ? 5...9 : UInt32.max - 1...UInt32.max
        let keys = (0..<Int.random(in: 1...5000, using: &generator)).map { _ in
          UInt32.random(in: range, using: &generator)
        }.sorted()
        expected += keys.map { UInt64($0) << 32 | UInt64(run) }
        try runs.append(keys, count: keys.count)
      }
      for target in [1, 2000, 1 << 21] {
        var recorder = Recorder()
        try runs.visit(&recorder, target: target)
        #expect(recorder.seen == expected.sorted())
      }
    }
  }

  @Test
  func keysOrderAllFloatsDownwards() {
    let scores: [Float] = [
      .infinity, 3, 1.5, .leastNormalMagnitude, .leastNonzeroMagnitude, 0, -.leastNonzeroMagnitude, -2,
      -.infinity,
    ]
    #expect(scores.map { ScoreKey.key($0) } == scores.map { ScoreKey.key($0) }.sorted())
    #expect(scores.map { ScoreKey.score(ScoreKey.key($0)) } == scores)
    #expect(ScoreKey.key(-0.0) == ScoreKey.key(0.0))
  }

  @Test
  func picturesAreRankedAsPixelsAre() throws {
    for seed in UInt64(0)..<50 {
      let naive = Self.random(seed)
      let images = try ImageEvaluation(
        scores: Array(naive.maps.joined()),
        anomalous: Array(naive.masks.joined())
      )
      expectClose(images.ranking.auroc, naive.auroc)
      expectClose(images.ranking.averagePrecision, naive.averagePrecision)
      let interval = try #require(images.aurocInterval(Bootstrap(resamples: 200, seed: seed)))
      #expect(interval == images.aurocInterval(Bootstrap(resamples: 200, seed: seed)))
      #expect(interval.lowerBound - 0.2 <= naive.auroc && naive.auroc <= interval.upperBound + 0.2)
    }
  }

  @Test
  func whatIsNotDefinedSaysWhy() throws {
    let empty = try PixelEvaluation().measures()
    #expect(empty.ranking.auroc.reason != nil && empty.aupro.reason != nil && empty.bestMeanIoU.reason != nil)
    let normal = PixelEvaluation()
    try normal.add(scores: [1, 2, 3, 4], mask: nil, width: 2)
    let measures = try normal.measures()
    #expect(measures.ranking.auroc == .unavailable(reason: "there are no anomalous pixels"))
    #expect(measures.aupro == .unavailable(reason: "there are no anomalous regions"))
    #expect(measures.bestMeanIoU == .value(1))
    #expect(measures.bestMeanIoUThreshold == 4)
    var fixed = ThresholdEvaluation(threshold: 2)
    try fixed.add(scores: [1, 2, 3, 4], mask: nil)
    #expect(fixed.measures.falseAlarmsPerNormalImage == .value(1))
    let anomalous = PixelEvaluation()
    try anomalous.add(scores: [1, 2], mask: [true, true], width: 2)
    #expect(try anomalous.measures().ranking.auroc == .unavailable(reason: "there are no normal pixels"))
    #expect(try ImageEvaluation(scores: [1], anomalous: [false]).aurocInterval(Bootstrap()) == nil)
  }

  @Test
  func scoresThatAreNotNumbersAreRefused() throws {
    let evaluation = PixelEvaluation()
    #expect(throws: MeasureError.notANumber(index: 1)) {
      try evaluation.add(scores: [0, .nan], mask: nil, width: 2)
    }
    #expect(throws: MeasureError.mapShape(scores: 3, width: 2)) {
      try evaluation.add(scores: [0, 1, 2], mask: nil, width: 2)
    }
    #expect(throws: MeasureError.maskSize(scores: 2, mask: 1)) {
      try evaluation.add(scores: [0, 1], mask: [true], width: 2)
    }
    #expect(try evaluation.measures().images == 0)
    #expect(throws: MeasureError.notANumber(index: 0)) {
      try ImageEvaluation(scores: [.nan], anomalous: [true])
    }
    #expect(throws: MeasureError.labelCount(scores: 1, labels: 2)) {
      try ImageEvaluation(scores: [1], anomalous: [true, false])
    }
    for limit in [0, -1, 1.5, .nan] {
      #expect(throws: MeasureError.self) { try evaluation.measures(overlapLimit: limit) }
    }
    var fair = FairThreshold()
    #expect(throws: MeasureError.noScores) { try fair.add(scores: []) }
    var fixed = ThresholdEvaluation(threshold: 0)
    #expect(throws: MeasureError.noScores) { try fixed.add(scores: [], mask: nil) }
    var unknown = ThresholdEvaluation(threshold: .nan)
    #expect(throws: MeasureError.thresholdNotANumber) { try unknown.add(scores: [1], mask: nil) }
  }

  @Test
  func theFairThresholdLeavesOneFalsePositivePerPicture() throws {
    var fair = FairThreshold()
    #expect(fair.value == nil)
    try fair.add(scores: [1, 9, 3, 2])
    try fair.add(scores: [5, 4, 0, -1])
    #expect(fair.value == 4)
  }

  @Test
  func curvesStayShortAndEndInTheCorner() throws {
    var generator = RandomStream(seed: 1)
    let evaluation = PixelEvaluation()
    let scores = (0..<40_000).map { _ in Float.random(in: 0..<1, using: &generator) }
    try evaluation.add(scores: scores, mask: scores.map { $0 > 0.4 && $0 < 0.7 }, width: 200)
    let measures = try evaluation.measures()
    for curve in [measures.ranking.roc, measures.perRegionOverlap] {
      #expect(curve.points.count < 1200)
      #expect(curve.points.first?.x == 0 && curve.points.last?.x == 1)
      #expect(abs((curve.points.last?.y ?? 0) - 1) < 1e-9)
    }
  }
}
