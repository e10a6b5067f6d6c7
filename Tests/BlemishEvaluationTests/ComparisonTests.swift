import BlemishSupport
import BlemishBackbones
import BlemishCore
import BlemishDatasets
import BlemishFiles
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishDetectors
@testable import BlemishEvaluation
@testable import BlemishTraining

@Suite(.serialized) struct ComparisonTests {
  private func plan(_ data: TinyData, seeds: [UInt64] = [0]) -> ComparisonPlan {
    var plan = ComparisonPlan(data: data.path, backbones: [data.options.backbone])
    plan.detectors = [UFlow.name]
    plan.seeds = seeds
    plan.training = data.options
    plan.choices = PublishedSettings(epochs: 2, batch: 4)
    return plan
  }

  @Test func isInterruptedAndGoesOnToTheSameResult() async throws {
    try await withFolder { folder in
      let data = try TinyData(folder: folder)
      let plan = plan(data)
      let whole = try Comparison(plan, folder: folder + "/whole").run(report: { _ in })
      let stopped = try await interrupted { cancel in
        try Comparison(plan, folder: folder + "/parts").run { if case .training(.step) = $0 { cancel() } }
      }
      #expect(stopped.stopped)
      #expect(stopped.table.missing.count == 1)
      let model = folder + "/parts/\(try plan.runs()[0].name).blemish"
      var otherSize = plan
      otherSize.training.size = .exact(height: 32, width: 32)
      #expect(throws: ComparisonError.otherSettings(path: model)) {
        try Comparison(otherSize, folder: folder + "/parts")
      }
      let resumed = try Comparison(plan, folder: folder + "/parts").run(
        report: { _ in })
      #expect(!resumed.stopped)
      func values(_ outcome: Comparison.Outcome) -> [Measure: ComparisonTable.Cell]? {
        outcome.table.parts.first?.rows.first?.values
      }
      #expect(values(resumed)?.isEmpty == false)
      #expect(values(resumed) == values(whole))

      var computed = 0
      let again = try Comparison(plan, folder: folder + "/parts").run { event in
        if case .began = event { computed += 1 }
      }
      #expect(computed == 0)
      #expect(values(again) == values(whole))
      for ending in ["md", "csv", "json", "tex", "html"] {
        #expect(FileManager.default.fileExists(atPath: folder + "/parts/comparison.\(ending)"))
      }

      var other = plan
      other.choices.epochs = 3
      let made = ComparisonError.otherSettings(path: folder + "/parts/\(try plan.runs()[0].name).json")
      #expect(throws: made) { try Comparison(other, folder: folder + "/parts") }
      var otherPrecision = plan
      otherPrecision.training.featurePrecision = .float32
      #expect(throws: made) { try Comparison(otherPrecision, folder: folder + "/parts") }
    }
  }

  @Test func shardsTogetherGiveTheTableOfOneRun() throws {
    try withFolder { folder in
      let data = try TinyData(folder: folder, materials: [.cloth, .tablet])
      var plan = plan(data, seeds: [0, 1])
      plan.detectors = [UFlow.name, PaDiM.name]
      plan.categories = ["cloth", "tablet"]
      let whole = try Comparison(plan, folder: folder + "/whole").run(report: { _ in })
      var begun: [Set<String>] = []
      for index in [2, 0, 1] {
        var names: Set<String> = []
        _ = try Comparison(plan, folder: folder + "/parts").run(shard: Shard(index, of: 3)) { event in
          if case .began(let run, _, _) = event { names.insert(run.name) }
        }
        begun.append(names)
        #expect(!FileManager.default.fileExists(atPath: folder + "/parts/comparison.json"))
      }
      // Four groups of two detectors: dealt out in turn, and no run twice.
      #expect(begun.map(\.count) == [2, 4, 2])
      #expect(Set(begun.joined()) == Set(try plan.runs().map(\.name)))
      let merged = try Comparison(plan, folder: folder + "/parts").merge()
      #expect(merged.missing.isEmpty)
      #expect(merged.markdown == whole.table.markdown)
      #expect(FileManager.default.fileExists(atPath: folder + "/parts/comparison.json"))
    }
  }

  @Test func whatAnotherProcessComputesIsLeftToIt() throws {
    try withFolder { folder in
      let data = try TinyData(folder: folder)
      let plan = plan(data, seeds: [0, 1])
      let name = try plan.runs()[0].name
      let comparison = try Comparison(plan, folder: folder + "/out")
      var lock = try FileLock.take("\(folder)/out/\(name).lock")
      #expect(lock != nil)
      var left: [String] = []
      let outcome = try comparison.run { if case .elsewhere(let run) = $0 { left.append(run.name) } }
      #expect(left == [name] && outcome.elsewhere == 1)
      #expect(outcome.table.missing == [name] && outcome.table.done.count == 1)
      lock = nil
      #expect(try comparison.run { _ in }.table.missing.isEmpty)
    }
  }

  @Test func otherWeightsOfTheBackboneAreNoticed() async throws {
    try await withFolder { folder in
      let data = try TinyData(folder: folder)
      var plan = plan(data)
      plan.backbones = ["embedded"]
      plan.training.tunes = false
      _ = try await interrupted { [plan] cancel in
        try Comparison(plan, folder: folder + "/out").run { if case .training(.step) = $0 { cancel() } }
      }
      _ = try Comparison(plan, folder: folder + "/out")
      let parameters = Parameters(seed: 5)
      _ = try DefectSegmenter<TrainedUnit>(parameters.root, .standard)
      try SafeTensors.write(
        WeightFile(tensors: parameters.stateDict(), metadata: [:]), to: folder + "/others")
      plan.weights["embedded"] = [folder + "/others"]
      let model = folder + "/out/\(try plan.runs()[0].name).blemish"
      #expect(throws: ComparisonError.otherSettings(path: model)) {
        try Comparison(plan, folder: folder + "/out")
      }
    }
  }

  @Test func aFailedCategoryDoesNotStopTheOthers() throws {
    try withFolder { folder in
      let data = try TinyData(folder: folder, materials: [.cloth, .wood])
      let pictures = data.path + "/cloth/train/good"
      for name in try FileManager.default.contentsOfDirectory(atPath: pictures) {
        try Data("text".utf8).write(to: URL(fileURLWithPath: pictures + "/" + name))
      }
      var failed: [String] = []
      let outcome = try Comparison(plan(data), folder: folder + "/out").run { event in
        if case .failed(let run, _) = event { failed.append(run.category) }
      }
      #expect(failed == ["cloth"])
      #expect(outcome.table.failures.map(\.run.category) == ["cloth"])
      #expect(outcome.table.done.count == 1)
      #expect(outcome.table.markdown.contains("Failed: cloth-uflow"))
      let rows = try #require(outcome.table.parts.first?.rows)
      #expect(rows.first { $0.name == "wood" }?.values[.imageAUROC] != nil)
      #expect(rows.last?.name == "mean (1 of 2)")
      // Data that only have MVTec AD's layout are not set beside its published figures.
      #expect(outcome.table.published.isEmpty)
    }
  }

  @Test func aRunThatIsNamedTwiceIsDoneOnce() throws {
    try withFolder { folder in
      var plan = plan(try TinyData(folder: folder), seeds: [1, 0, 1])
      plan.backbones += plan.backbones
      #expect(try plan.runs().map(\.seed) == [1, 0])
    }
  }

  @Test func whatWasPublishedOfACategoryIsTaken() throws {
    var plan = ComparisonPlan(data: "mvtec", backbones: ["wide_resnet50_2"])
    plan.usesPublishedSettings = true
    func options(_ detector: String, _ category: String) throws -> TrainingOptions {
      try plan.options(
        for: .init(category: category, detector: detector, backbone: "wide_resnet50_2", seed: 0))
    }
    #expect(try options("msflow", "transistor").size == .side(256))
    #expect(try options("msflow", "carpet").size == nil)
    #expect(try options("uflow", "carpet").schedule?.batch == 13)
    plan.training.size = .side(512)
    #expect(try options("msflow", "transistor").size == .side(512))
  }

  @Test func unknownNamesAreErrorsBeforeAnythingIsDone() throws {
    try withFolder { folder in
      let data = try TinyData(folder: folder)
      var unknownDetector = plan(data)
      unknownDetector.detectors = ["xflow"]
      #expect(throws: DetectorError.unknown(name: "xflow", known: DetectorCatalogue.standard.names)) {
        try Comparison(unknownDetector, folder: folder + "/out")
      }
      var unknownCategory = plan(data)
      unknownCategory.categories = ["bolt"]
      #expect(throws: ComparisonError.unknownCategory("bolt", path: data.path, known: [])) {
        try Comparison(unknownCategory, folder: folder + "/out")
      }
      var notTuned = plan(data)
      notTuned.training.tunes = true
      let tuning = #expect(throws: TrainingError.self) { try Comparison(notTuned, folder: folder + "/out") }
      if case .notTunable("seeded")? = tuning {} else { Issue.record("\(String(describing: tuning))") }
      var nothingLeft = plan(data)
      nothingLeft.training.heldOut = 1.5
      let heldOut = #expect(throws: TrainingError.self) {
        try Comparison(nothingLeft, folder: folder + "/out")
      }
      if case .heldOut(1.5)? = heldOut {} else { Issue.record("\(String(describing: heldOut))") }
      #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
    }
  }
}

@Suite struct ComparisonTableTests {
  private func result(_ category: String, _ detector: String, seed: UInt64, _ values: [Measure: Double])
    throws -> ComparisonRunResult
  {
    let training = TrainingRecord(
      date: "", data: "", format: "", category: nil, heldOut: 0.1, trainingPictures: 8, heldOutPictures: 1,
      fingerprint: "", seed: seed, schedule: UFlow.schedule, selection: .likelihood, progress: .init(),
      finished: true, machine: .current(.cpu), precision: .auto, featurePrecision: .float16)
    let summary = EvaluationSummary(
      rule: .init(test: .calibrated, operatingPoint: .logNFA0),
      overall: .init(images: 9, anomalousImages: 4, values: values), unavailable: [:],
      intervals: [:], defectTypes: [:], calibration: CalibrationCurve(), fairThreshold: nil,
      selection: .likelihood, secondsPerImage: 0.1)
    return ComparisonRunResult(
      run: .init(category: category, detector: detector, backbone: "resnet18", seed: seed),
      settings: .init(training, tile: nil, sampleRange: nil, .init()), format: DatasetFormat.mvtecAD.rawValue,
      evaluation: summary, training: training, testFingerprint: "", machine: .current(.cpu), date: "")
  }

  /// Two textures and an object, two seeds; the object's second seed is not there.
  private func table() throws -> ComparisonTable {
    let results = [
      try result("carpet", "uflow", seed: 0, [.imageAUROC: 0.9, .meanIoUAtLogNFA0: 0.5]),
      try result("carpet", "uflow", seed: 1, [.imageAUROC: 1.0, .meanIoUAtLogNFA0: 0.7]),
      try result("grid", "uflow", seed: 0, [.imageAUROC: 0.7]),
      try result("grid", "uflow", seed: 1, [.imageAUROC: 0.8]),
      try result("metal_nut", "uflow", seed: 0, [.imageAUROC: 0.5]),
    ]
    let last = ComparisonRun(category: "metal_nut", detector: "uflow", backbone: "resnet18", seed: 1)
    return ComparisonTable(
      results, failures: [.init(run: last, reason: "out of\nmemory, \"really\"")],
      runs: results.map(\.run) + [last])
  }

  @Test func meansAndDeviationsAreOverSeeds() throws {
    let rows = try table().parts[0].rows
    #expect(
      rows.map(\.name) == ["carpet", "grid", "metal_nut", "mean of textures", "mean of objects", "mean"])
    let carpet = try #require(rows[0].values[.imageAUROC])
    #expect(abs(carpet.mean - 0.95) < 1e-12)
    #expect(abs((carpet.standardDeviation ?? 0) - 0.005.squareRoot()) < 1e-12)
    let textures = try #require(rows[3].values[.imageAUROC])
    #expect(abs(textures.mean - 0.85) < 1e-12)
    // Over all, only the seed that every category has.
    let all = try #require(rows[5].values[.imageAUROC])
    #expect(abs(all.mean - 0.7) < 1e-12)
    #expect(all.seeds == 1 && all.standardDeviation == nil)
    // One category has no value: no mean.
    #expect(rows[3].values[.meanIoUAtLogNFA0] == nil)
  }

  @Test func everyFormatHoldsTheFiguresAndThePublishedOnes() throws {
    let table = try table()
    #expect(table.markdown.contains("| carpet | 95.00 ± 7.07 |"))
    #expect(
      table.markdown.contains("| published: U-Flow | – | **98.74** | **95.19** | **0.541** | **0.545** | – |")
    )
    #expect(table.markdown.contains("no test picture was looked at"))
    #expect(table.markdown.contains("Failed: metal_nut-uflow-resnet18-seed1: out of memory"))
    #expect(!table.markdown.contains("MSFlow |"))
    #expect(table.latex.contains("metal\\_nut & 50.00 & --"))
    #expect(table.latex.contains("95.00 $\\pm$ 7.07"))
    #expect(table.latex.contains("\\bottomrule"))
    let lines = table.csv.split(separator: "\n")
    let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false).count
    #expect(lines[1].hasPrefix("uflow,resnet18,carpet,2,likelihood,0.95"))
    for line in lines where !line.contains("\"") {
      #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == columns)
    }
    let object = try JSONSerialization.jsonObject(with: Data(try table.json.utf8)) as? [String: Any]
    #expect((object?["parts"] as? [Any])?.count == 1)
    let page = HTMLReport.page(table.report(title: "a & b"))
    let outline = try #require(Outline(page))
    #expect(outline.values(of: "href", in: "a").contains("./carpet-uflow-resnet18-seed0.html"))
    #expect(outline.text.contains("Metrics by category"))
  }

  @Test func runsComeSeedBySeed() throws {
    let names = try table().done
    #expect(names.first == "carpet-uflow-resnet18-seed0")
    #expect(ComparisonRun(category: "a/b", detector: "d", backbone: "c", seed: 3).name == "a-b-d-c-seed3")
  }
}
