import BlemishDatasets
import BlemishDetectors
import BlemishImaging
import BlemishSynthesis
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishEvaluation
@testable import BlemishTraining

@Suite struct RobustnessTests {
  @Test func everyDisturbanceIsMeasuredAtThreeStrengths() throws {
    let pictures = try TabletPictures(count: 8)
    let session = try pictures.session("model", TabletPictures.options())
    #expect(try session.run() == .finished)
    let dataset = try Dataset.read(pictures.data)
    let model = session.model
    var done = 0
    let measured = try model.robustness(
      on: dataset.test, options: InspectionOptions(falseAlarms: 1), progress: { count, _ in done = count })
    #expect(measured.rows.count == 1 + 3 * Disturbance.allCases.count && done == measured.rows.count)
    let plain = try model.evaluate(dataset.test)
    #expect(measured.rows[0].imageAUROC == plain.overall[.imageAUROC].value)
    #expect(
      measured.rows[0].falseAlarms
        == plain.calibration.levels.first { $0.logNFA == 0 }.map {
          Double($0.regions) / Double(plain.calibration.pictures)
        })
    #expect(measured.rows.dropFirst().contains { $0.pixelAUROC != measured.rows[0].pixelAUROC })
    let summary = EvaluationSummary(plain, selection: nil, robustness: measured)
    let json = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(EvaluationSummary.self, from: json) == summary)
    let part = EvaluatedModel(name: "tablet", model: model, evaluation: plain, robustness: measured)
    let page = HTMLReport.page(try EvaluationReport.content(title: "tablet", [part]))
    #expect(page.contains("Robustness") && page.contains("jpeg 70"))
  }

  @Test(arguments: Disturbance.allCases) func aStrongerDisturbanceChangesMore(_ kind: Disturbance) throws {
    var random = SynthesisRandom(seed: 3)
    let picture = Picture(
      width: 48, height: 40, channels: 3,
      samples: .eightBit((0..<48 * 40 * 3).map { _ in UInt8(60 + random.below(100)) }))
    let changes = try kind.strengths.map { strength in
      var random = SynthesisRandom(seed: 4)
      let changed = try kind(picture, strength: strength, &random)
      #expect((changed.width, changed.height, changed.channels) == (48, 40, 3))
      return zip(changed.eightBitSamples, picture.eightBitSamples)
        .reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }
    #expect(changes[0] > 0)
    // Of noise, a pixel's shift changes as much as four.
    if kind != .shift { #expect(changes[0] < changes[1] && changes[1] < changes[2]) }
  }
}
