import BlemishDatasets
import BlemishDetectors
import BlemishImaging
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishEvaluation
@testable import BlemishTraining

@Suite struct EvaluationTests {
  /// A picture that is judged at limits of 0.05 and 0.5 false alarms.
  private func picture(_ type: String, logNFA: Double, regions: Int, hit: Bool? = nil) -> Evaluation.Picture {
    let verdict = OperatingPoint.production.verdict(logNFA: logNFA)
    return Evaluation.Picture(
      sample: Sample(path: "a.png", name: "a.png", split: .test, defectType: type), score: -logNFA,
      logNFA: logNFA, verdict: verdict, isReviewedAtDefect: hit.map { $0 && verdict != .good },
      isStoppedAtDefect: hit.map { $0 && verdict == .anomalous }, isCalledAnomalous: logNFA < 0,
      regions: regions, isHit: hit)
  }

  @Test func verdictsAreCounted() {
    let pictures = [
      picture("good", logNFA: 1, regions: 0), picture("good", logNFA: -1, regions: 2),
      picture("good", logNFA: 3, regions: 0), picture("hole", logNFA: -9, regions: 1, hit: false),
      picture("hole", logNFA: 2, regions: 0, hit: false),
    ]
    let verdicts = Verdicts(pictures)
    #expect(verdicts.detected == 0.5)
    #expect(verdicts.detectedDefects == 0)
    let more = pictures + [picture("hole", logNFA: -1, regions: 2, hit: true)]
    #expect(Verdicts(more).detectedDefects == 1.0 / 3)
    // Where no mask says where the defect is, nobody knows whether it was hit.
    #expect(Verdicts([picture("hole", logNFA: -1, regions: 2)]).detectedDefects == nil)
    #expect(verdicts.falseAlarms == 2.0 / 3)
    #expect(verdicts.f1 == 0.5)
    let drawn = Verdicts(pictures, drawn: [0, 3, 0, 2, 0])
    #expect(drawn.detected == 1)
    #expect(drawn.falseAlarms == 2)
    #expect(Verdicts([]).f1 == nil)
    #expect(Verdicts([]).falseAlarms == nil)
  }

  @Test func verdictsAtTheOperatingPointAreCounted() {
    let pictures = [
      picture("good", logNFA: 1, regions: 0), picture("good", logNFA: -0.1, regions: 1),
      picture("good", logNFA: -1, regions: 1), picture("good", logNFA: -2, regions: 1),
      picture("hole", logNFA: -0.2, regions: 1, hit: true),
      picture("hole", logNFA: -1, regions: 1, hit: true),
      picture("hole", logNFA: -9, regions: 1, hit: true), picture("hole", logNFA: -9, regions: 1, hit: false),
    ]
    #expect(
      pictures.map(\.verdict) == [.good, .good, .review, .anomalous, .good, .review, .anomalous, .anomalous])
    let verdicts = Verdicts(pictures)
    #expect(verdicts.share(.anomalous, ofAnomalous: false) == 0.25)
    #expect(verdicts.share(.review, ofAnomalous: false) == 0.25)
    #expect(verdicts.share(.anomalous, ofAnomalous: true) == 0.5)
    #expect(verdicts.share(.review, ofAnomalous: true) == 0.25)
    #expect(verdicts.stoppedDefects == 0.25)
    // At log NFA = 0 there is more.
    #expect(verdicts.detected == 1)
    #expect(verdicts.detectedDefects == 0.75)
    #expect(Verdicts([]).share(.review, ofAnomalous: true) == nil)
  }

  @Test func aDefectIsMissedWhereNothingSignificantTouchesIt() {
    #expect(picture("hole", logNFA: 1, regions: 0, hit: false).isMissed)
    #expect(picture("hole", logNFA: -1, regions: 1, hit: false).isMissed)
    #expect(!picture("hole", logNFA: -1, regions: 1, hit: true).isMissed)
    #expect(!picture("hole", logNFA: -1, regions: 1).isMissed)
    #expect(!picture("good", logNFA: 1, regions: 0).isMissed)
  }

  @Test func falseAlarmsAreCountedAtEveryPromise() throws {
    var curve = CalibrationCurve()
    curve.add([0.9, -0.2, -0.7, -3.6])
    curve.add([1.2])
    #expect(curve.levels.map(\.logNFA) == [1, 0.5, 0, -0.5, -1, -1.5, -2, -2.5, -3, -3.5, -4])
    #expect(curve.levels.map(\.regions) == [4, 3, 3, 2, 1, 1, 1, 1, 1, 1, 0])
    #expect(curve.levels.map(\.picturesWithRegions) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    let level = try #require(curve.regionsPerPicture(curve.levels[0]))
    #expect(level.value == 2)
    #expect(level.interval.contains(2) && level.interval.upperBound > 4)
    #expect(curve.shareOfPictures(curve.levels[10])?.interval.lowerBound == 0)
    #expect(CalibrationCurve().regionsPerPicture(curve.levels[0]) == nil)
    var sum = curve
    sum.add(curve)
    #expect(sum.pictures == 4)
    #expect(sum.levels[0].regions == 8)
  }

  @Test func evaluationGivesEveryMeasureAndSurvivesJSON() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("evaluation-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try TinyData(folder: folder)
    let dataset = try Dataset.read(data.path)
    let session = try TrainingSession(
      dataset, at: data.path, output: folder + "/model", options: data.options, report: { _ in })
    _ = try session.run()
    let model = try Model(contentsOf: folder + "/model")
    let threshold = try #require(try model.fairThreshold(on: dataset.train))
    let evaluation = try model.evaluate(dataset.test, fairThreshold: threshold)
    for measure in Measure.allCases {
      #expect(evaluation.overall[measure].value != nil, "\(measure)")
      if let interval = evaluation.intervals[measure], let value = evaluation.overall[measure].value {
        #expect(interval.lowerBound - 0.02 <= value && value <= interval.upperBound + 0.02, "\(measure)")
      }
    }
    #expect(evaluation.intervals.count >= 8)
    #expect(evaluation.calibration.pictures == 3)
    #expect(evaluation.defectTypes.count == dataset.defectTypes.count)
    let summary = EvaluationSummary(evaluation, selection: .likelihood)
    let json = try JSONEncoder.stable.encode(summary)
    #expect(try JSONDecoder().decode(EvaluationSummary.self, from: json) == summary)
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    for key in [
      "image_auroc", "pixel_auroc", "aupro", "miou_at_log_nfa_0", "miou_oracle",
      "false_alarms_per_normal_image",
      "images", "seconds_per_image",
    ] { #expect(object[key] is Double || object[key] is Int, "\(key)") }

    let machine = try #require(model.configuration.trainingRecord?.machine)
    #expect(machine == .current(.cpu))
    #expect(!machine.processor.isEmpty && machine.threads > 0)

    // At the fair threshold, no good training picture has more than one pixel above, but for the rounding that
    // another batch brings.
    for sample in dataset.train {
      let inspection = try model.inspect(contentsOf: sample.path)
      #expect(inspection.anomalyMap.values.count { $0 > threshold + 1e-5 } <= 1)
    }

    // A mask that marks nothing at the maps' size says nothing of where the defect is.
    let index = try #require(dataset.test.firstIndex { $0.isAnomalous })
    var unmarked = dataset.test
    let dots = try Picture(contentsOf: unmarked[index].path)
    try Picture(
      width: dots.width, height: dots.height, channels: 1,
      samples: .eightBit([UInt8](repeating: 0, count: dots.width * dots.height))
    ).write(png: folder + "/black.png")
    unmarked[index].groundTruth = .picture(folder + "/black.png")
    let without = try model.evaluate(unmarked)
    #expect(without.warnings.contains { $0.contains("marks nothing") }, "\(without.warnings)")
    unmarked[index].groundTruth = nil
    #expect(try model.evaluate(unmarked).overall[.meanIoUOracle] == without.overall[.meanIoUOracle])

    let good = try model.evaluate(dataset.test.filter { !$0.isAnomalous })
    #expect(good.overall[.pixelAUROC].reason == "there are no anomalous pictures")
    #expect(good.overall[.falseAlarmsPerNormalImage].value != nil)
    let nulls = try JSONSerialization.jsonObject(
      with: JSONEncoder.stable.encode(EvaluationSummary(good, selection: nil)))
    #expect((nulls as? [String: Any])?["image_auroc"] is NSNull)

    let content = try EvaluationReport.content(
      title: "cloth", [EvaluatedModel(name: "cloth", model: model, evaluation: evaluation)])
    #expect(content.calibration.count == 2)
    #expect(
      content.galleries.flatMap(\.specimens).allSatisfy { $0.defectType == nil || $0.groundTruth != nil })
    #expect(Outline(HTMLReport.page(content)) != nil)
  }
}
