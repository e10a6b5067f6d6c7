import BlemishCore
import BlemishDatasets
import BlemishSupport
import BlemishTorch
import BlemishTraining
import Foundation

/// All categories of a data set with several detectors, backbones and seeds, in one run that can be interrupted, or in
/// several processes on machines that share a file system.
///
/// The folder holds `NAME.blemish`, `NAME.json` and `NAME.html` for every run, and the tables and the page
/// `comparison.*` of all that is there. What is there is not computed again, nor what another process computes now: it
/// holds a lock on `NAME.lock`.
public struct Comparison {
  /// What a comparison tells as it goes.
  public enum Event {
    /// A run begins, counted from 1.
    case began(ComparisonRun, number: Int, of: Int)
    /// Its result was there already.
    case kept(ComparisonRun)
    /// Another process computes it now.
    case elsewhere(ComparisonRun)
    /// It is trained.
    case training(TrainingSession.Event)
    /// This many pictures of all are evaluated.
    case evaluated(done: Int, of: Int)
    /// It is done.
    case finished(ComparisonRunResult)
    /// It could not be done; the others are.
    case failed(ComparisonRun, reason: String)
  }

  /// How a comparison ended.
  public struct Outcome: Sendable {
    /// All results that there are.
    public var table: ComparisonTable
    /// Whether it was asked to stop.
    public var stopped: Bool
    /// How many runs of its own were left to other processes that computed them.
    public var elsewhere = 0
  }

  private let plan: ComparisonPlan
  private let folder: String
  private let runs: [ComparisonRun]

  /// A comparison whose files are in a folder, which is made if there is none.
  /// - Throws: an error that names what does not fit, before anything is computed; among others, results in the
  ///   folder that were made with other settings.
  public init(_ plan: ComparisonPlan, folder: String) throws {
    self.plan = plan
    self.folder = folder
    runs = try plan.runs()
    let options = try runs.map(plan.options)
    try makeFolder(folder)
    for ending in ["md", "csv", "tex", "json", "html"] {
      try AtomicFile.check(path("comparison", ending), replacing: replacement(ending))
    }
    for run in runs { try AtomicFile.check(path(run, "html"), replacing: replacement("html")) }
    var hashes: [String: String?] = [:]
    for (run, options) in zip(runs, options) { try checkSettings(of: run, options, &hashes) }
  }

  /// Does what is not done yet.
  /// - Parameter shard: the part of the runs that are this process's: those of one category, backbone and seed stay
  ///   together, since their detectors share a tuned backbone. Where there are several shards, no tables are written;
  ///   ``merge()`` does.
  /// - Throws: an error that names the file where the tables cannot be written.
  public func run(shard: Shard = .whole, report: (Event) -> Void) throws -> Outcome {
    var failures: [ComparisonTable.Failure] = []
    var (stopped, elsewhere) = (false, 0)
    let own = runs(of: shard)
    for (index, run) in own.enumerated() {
      guard try ComparisonRunResult.read(path(run, "json")) == nil else {
        report(.kept(run))
        continue
      }
      if stopped || Task.isCancelled {
        stopped = true
        continue
      }
      guard let lock = try FileLock.take(path(run, "lock")) else {
        elsewhere += 1
        report(.elsewhere(run))
        continue
      }
      defer { withExtendedLifetime(lock) {} }
      // Another process may have finished it between the two looks.
      guard try ComparisonRunResult.read(path(run, "json")) == nil else {
        report(.kept(run))
        continue
      }
      report(.began(run, number: index + 1, of: own.count))
      do {
        report(.finished(try compute(run, report: report)))
        // Whoever still waits for the file finds the result.
        unlink(path(run, "lock"))
      } catch is CancellationError {
        stopped = true
      } catch {
        failures.append(.init(run: run, reason: "\(error)"))
        report(.failed(run, reason: "\(error)"))
      }
      if shard == .whole { try write(table(failures)) }
    }
    let table = try table(failures)
    if shard == .whole { try write(table) }
    return Outcome(table: table, stopped: stopped, elsewhere: elsewhere)
  }

  /// Writes the tables and the page of all results that are there, and computes nothing.
  /// - Throws: an error that names the file that cannot be read or written.
  public func merge() throws -> ComparisonTable {
    let table = try table([])
    try write(table)
    return table
  }

  /// The table of all results that are there.
  private func table(_ failures: [ComparisonTable.Failure]) throws -> ComparisonTable {
    let results = try runs.compactMap { try ComparisonRunResult.read(path($0, "json")) }
    let done = Set(results.map(\.run))
    return ComparisonTable(results, failures: failures.filter { !done.contains($0.run) }, runs: runs)
  }

  /// The runs of a shard: groups with one category, backbone and seed, dealt out in turn.
  private func runs(of shard: Shard) -> [ComparisonRun] {
    func group(_ run: ComparisonRun) -> [String] { [run.category, run.backbone, "\(run.seed)"] }
    let groups = ComparisonTable.inOrder(runs.map(group))
    let own = Set(groups.indices.filter { $0 % shard.count == shard.index }.map { groups[$0] })
    return runs.filter { own.contains(group($0)) }
  }

  private func compute(
    _ run: ComparisonRun, report: (Event) -> Void
  ) throws -> ComparisonRunResult {
    let dataset = try plan.dataset(of: run)
    var options = try plan.options(for: run)
    // The detectors of a category are trained on the same backbone: it is tuned once.
    options.tuningFolder = folder
    try train(run, dataset, options, report: report)
    // As a user reads it from its file.
    var reading = ModelReading(detectors: options.detectors)
    (reading.weights, reading.device) = (options.weights, options.device)
    let model = try Model(contentsOf: path(run, "blemish"), reading)
    guard let record = model.configuration.trainingRecord else {
      throw ComparisonError.noRecord(path: path(run, "blemish"))
    }
    let good = dataset.train.filter { !$0.isAnomalous }
    let all = good.count + dataset.test.count
    let threshold = try model.fairThreshold(on: good) { done in
      report(.evaluated(done: done, of: all))
    }
    let evaluation = try model.evaluate(dataset.test, options: plan.inspection, fairThreshold: threshold) {
      done in
      report(.evaluated(done: good.count + done, of: all))
    }
    let part = EvaluatedModel(name: dataset.name, model: model, evaluation: evaluation)
    let title = "\(run.category): \(run.detector) on \(run.backbone), seed \(run.seed)"
    try HTMLReport.write(
      try EvaluationReport.content(title: title, [part]), to: path(run, "html"),
      replacing: replacement("html"))
    let result = ComparisonRunResult(
      run: run,
      settings: .init(
        record, tile: model.configuration.tile, sampleRange: model.configuration.sampleRange, plan.inspection),
      format: dataset.format.rawValue,
      evaluation: EvaluationSummary(evaluation, selection: record.selection), training: record,
      testFingerprint: fingerprint(of: dataset.test),
      machine: .current(options.device), date: ISO8601DateFormatter().string(from: Date()))
    try result.write(to: path(run, "json"), replacing: replacement("json"))
    return result
  }

  /// Trains a run's model to the end, from where its file stands if there is one.
  private func train(
    _ run: ComparisonRun, _ dataset: Dataset, _ options: TrainingOptions,
    report: (Event) -> Void
  ) throws {
    let output = path(run, "blemish")
    try withoutActuallyEscaping(report) { report in
      let tell: (TrainingSession.Event) -> Void = { report(.training($0)) }
      let session: TrainingSession
      if FileManager.default.fileExists(atPath: output) {
        guard try Model.configuration(ofFile: output).isFinished == false else { return }
        session = try TrainingSession(resuming: output, { _ in dataset }, options: options, report: tell)
      } else {
        session = try TrainingSession(dataset, at: plan.data, output: output, options: options, report: tell)
      }
      guard try session.run() == .finished else { throw CancellationError() }
    }
  }

  /// Checks that what the folder holds of a run was made as the plan says, with the same weights of the backbone.
  private func checkSettings(
    of run: ComparisonRun, _ options: TrainingOptions, _ hashes: inout [String: String?]
  ) throws {
    func wanted() throws -> ComparisonRunResult.Settings {
      let hash = try hashes[run.backbone] ?? options.backboneHash()
      hashes[run.backbone] = hash
      return try .init(options, backboneHash: hash, plan.inspection)
    }
    if let result = try ComparisonRunResult.read(path(run, "json")) {
      guard try result.settings == wanted(), result.run == run else {
        throw ComparisonError.otherSettings(path: path(run, "json"))
      }
    } else if FileManager.default.fileExists(atPath: path(run, "blemish")),
      case let configuration = try Model.configuration(ofFile: path(run, "blemish")),
      let record = configuration.trainingRecord
    {
      let made = ComparisonRunResult.Settings(
        record, tile: configuration.tile, sampleRange: configuration.sampleRange, plan.inspection)
      guard try made == wanted(), record.seed == run.seed else {
        throw ComparisonError.otherSettings(path: path(run, "blemish"))
      }
    }
  }

  private func write(_ table: ComparisonTable) throws {
    for (ending, text) in [
      ("md", ComparisonTable.markdownMark + "\n\n" + table.markdown), ("csv", table.csv),
      ("tex", ComparisonTable.latexMark + "\n" + table.latex), ("json", try table.json),
    ] {
      try writeText(text, to: path("comparison", ending), replacing: replacement(ending))
    }
    let title = "\(URL(fileURLWithPath: plan.data).lastPathComponent): comparison"
    try HTMLReport.write(
      table.report(title: title), to: path("comparison", "html"), replacing: replacement("html"))
  }

  /// Which files those with an ending may take the place of.
  private func replacement(_ ending: String) -> AtomicFile.Replacement {
    let kind: OwnFile =
      switch ending {
      case "html": .report
      case "md": .text("a table", beginningWith: [ComparisonTable.markdownMark])
      case "tex": .text("a table", beginningWith: [ComparisonTable.latexMark])
      case "csv": .text("a table", beginningWith: ["detector,backbone,category,"])
      default:
        // A run's result names its backbone, and the table, which may be of no run yet, what is published.
        OwnFile(name: "a result of a comparison") { start in
          start.starts(with: Array("{\n".utf8))
            && ["\"backbone\" :", "\"published\" :"].contains { start.range(of: Data($0.utf8)) != nil }
        }
      }
    return .own([kind], force: plan.replacesForeignFiles)
  }

  private func path(_ run: ComparisonRun, _ ending: String) -> String { path(run.name, ending) }

  private func path(_ name: String, _ ending: String) -> String {
    (folder as NSString).appendingPathComponent("\(name).\(ending)")
  }
}
