import ArgumentParser
import BlemishBackbones
import BlemishCore
import BlemishDatasets
import BlemishDetectors
import BlemishEvaluation
import BlemishTorch
import BlemishTraining
import Foundation

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains and evaluates on all categories of a data set, and writes the papers' table.",
    discussion: """
      Every category with every detector, backbone and seed. FOLDER holds a model, a result and a report of each, and
      comparison.md, .csv, .json, .tex and .html of all. The same command goes on where it was interrupted and
      computes nothing twice; what fails is reported and does not stop the rest. Several processes may share FOLDER,
      on one machine or on several with one file system: each takes what no other computes, and with --shard only its
      own part; --merge then writes the tables.
      """)

  @Argument(help: "The data set.")
  var data: String

  @Option(help: "The folder that everything goes to.")
  var output: String

  @Option(help: "The layout: \(DatasetFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format = DatasetFormat.auto

  @Option(name: .customLong("category"), help: "A category; once for each. Without, all.")
  var categories: [String] = []

  @Option(
    name: .customLong("detector"),
    help:
      "A detector (\(DetectorCatalogue.standard.names.joined(separator: ", "))); once for each. Without, all."
  )
  var detectors: [String] = []

  @Option(
    name: .customLong("backbone"),
    help:
      "A backbone (\(BackboneCatalogue.standard.all.map(\.name).joined(separator: ", "))); once for each. Without, embedded."
  )
  var backbones: [String] = []

  @Option(name: .customLong("seed"), help: "A seed; once for each. Without, 0.")
  var seeds: [UInt64] = []

  @Option(
    name: .customLong("weights"),
    help: "A file with a backbone's weights, BACKBONE=FILE, or FILE alone for a single backbone.")
  var weights: [String] = []

  @OptionGroup var pictures: SizeOptions

  @Option(help: "Passes over the training pictures.")
  var epochs: Int?

  @Option(help: "Pictures a step.")
  var batch: Int?

  @Option(help: "Adam's learning rate.")
  var learningRate: Double?

  @Flag(
    help:
      "Takes the settings that were published for each category of MVTec AD, where a detector has some."
  )
  var publishedSettings = false

  @Option(
    help:
      "The part of the good pictures that is held out to choose the epoch and to calibrate the test; 0 for none."
  )
  var heldOut = TrainingOptions().heldOut

  @Option(help: "The epoch to keep: likelihood, last or test-auroc; see 'blemish train --help'.")
  var keep = EpochSelection.likelihood

  @OptionGroup var force: ForceOption

  @OptionGroup var limit: PixelLimit

  @OptionGroup var tuning: TuningOptionGroup

  @OptionGroup var significance: SignificanceOptions

  @Option(
    help: """
      Does a part of the runs alone, I/N with I from 0, and writes no tables. auto: as a Kubernetes Indexed Job, a Slurm \
      array or torchrun says.
      """)
  var shard: String?

  @Flag(
    help: "Computes nothing, and writes the tables of all results in FOLDER. Takes the options of the runs.")
  var merge = false

  @Option(help: "Where to compute: cpu, cuda, cuda:1.")
  var device = "cpu"

  @Flag(name: .shortAndLong, help: "Shows no progress.")
  var quiet = false

  func validate() throws {
    try checkFolder(output, option: "--output")
    guard shard == nil || !merge else { throw ValidationError("--merge is of all shards; leave out --shard") }
    if shard != "auto" { _ = try shardOption(shard) }
  }

  func run() throws {
    Interruption.listen()
    let progress = ProgressLine(quiet: quiet)
    let shard = try shardOption(shard)
    let comparison = try Comparison(try plan(), folder: output)
    guard !merge else { return try show(comparison.merge()) }
    let outcome = try comparison.run(shard: shard) { event in show(event, progress) }
    progress.finish()
    if outcome.elsewhere > 0 { complain("\(outcome.elsewhere) runs are left to other processes") }
    if shard == .whole {
      print(ErrorAdvice.withoutControls(outcome.table.markdown))
      complain(place)
    }
    if outcome.stopped {
      complain("stopped; the same command goes on")
      throw ExitCode(130)
    }
    if !outcome.table.failures.isEmpty { throw ExitCode(1) }
  }

  private var place: String {
    "\(output)/comparison.html: the report; the table is beside it as .md, .csv, .json and .tex"
  }

  private func show(_ table: ComparisonTable) throws {
    print(ErrorAdvice.withoutControls(table.markdown))
    complain(place)
    guard table.missing.isEmpty else {
      complain("\(table.missing.count) of \(table.missing.count + table.done.count) runs are not done yet")
      throw ExitCode(1)
    }
  }

  private func plan() throws -> ComparisonPlan {
    var plan = ComparisonPlan(
      data: data, format: format,
      backbones: backbones.isEmpty ? [BackboneCatalogue.standard.defaultName] : backbones)
    plan.categories = categories
    plan.detectors = detectors.isEmpty ? DetectorCatalogue.standard.names : detectors
    plan.seeds = seeds.isEmpty ? [0] : seeds
    plan.inspection = significance.inspection
    plan.usesPublishedSettings = publishedSettings
    plan.choices = PublishedSettings(epochs: epochs, batch: batch, learningRate: learningRate)
    plan.replacesForeignFiles = force.force
    plan.training.replacesForeignFiles = force.force
    plan.training.maximumPixels = limit.maxPixels
    plan.training.size = try pictures.requested
    plan.training.tile = pictures.tile
    plan.training.sampleRange = pictures.range?.bounds
    plan.training.heldOut = heldOut
    plan.training.selection = keep
    try tuning.fill(&plan.training)
    plan.training.device = try Device(device)
    for text in weights {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2, BackboneCatalogue.standard.all.contains(where: { $0.name == parts[0] }) {
        guard plan.backbones.contains(parts[0]) else {
          throw ValidationError("--weights \(text): \(parts[0]) is not among the backbones that are compared")
        }
        plan.weights[parts[0], default: []].append(parts[1])
      } else if plan.backbones.count == 1 {
        plan.weights[plan.backbones[0], default: []].append(text)
      } else {
        throw ValidationError(
          "--weights takes BACKBONE=FILE where there are several backbones, not '\(text)'")
      }
    }
    return plan
  }

  private func show(_ event: Comparison.Event, _ progress: ProgressLine) {
    switch event {
    case .began(let run, let number, let all): progress.line("\(run.name) (\(number) of \(all))")
    case .kept(let run): progress.line("\(run.name): its result is there")
    case .elsewhere(let run): progress.line("\(run.name): another process computes it")
    case .training(let event): progress.show(event)
    case .evaluated(let done, let all): progress.rewrite("evaluated \(done) of \(all)", final: done == all)
    case .finished(let result):
      let figures = Measure.published.compactMap { measure in
        result.evaluation.overall.values[measure].map { "\(measure.title) \(decimal($0, 4))" }
      }
      progress.line("\(result.run.name): \(figures.joined(separator: ", "))")
    case .failed(let run, let reason): progress.line("\(run.name): failed: \(reason)")
    }
  }
}
