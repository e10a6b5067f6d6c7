import ArgumentParser
import BlemishEvaluation
import BlemishSupport
import BlemishTorch
import Foundation

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures a model on a data set's test pictures.",
    discussion: """
      Plain folders, magnetic tiles, LGG MRI and CSV files without splits leave the split open. The model's own seed \
      then decides it: no training picture is a test picture as long as the good pictures stay the same.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "The data set.")
  var data: String

  @OptionGroup var layout: LayoutOptions

  @OptionGroup var significance: SignificanceOptions

  @Flag(help: "Prints one JSON object.")
  var json = false

  @Flag(
    help: """
      Measures the segmentation at the fair threshold of the anomaly map, too: at most one pixel of a good training \
      picture lies above it. Inspects the training pictures for that.
      """)
  var fairThreshold = false

  @Flag(
    help: """
      Measures, too, what is left where all pictures have less or more light, stray light, another gamma or colour, a \
      gradient, blur, shift, noise or JPEG's losses, each at three strengths: on 100 good and 100 anomalous pictures at most.
      """)
  var robustness = false

  @Option(help: "A folder for a report, one page that a browser opens.")
  var report: String?

  @OptionGroup var force: ForceOption

  @Flag(help: "Measures a model whose training is not finished, too.")
  var unfinished = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var computing: ComputingOptions

  @Option(help: "Pictures that go through the model at a time.")
  var batch = 4

  @Flag(name: .shortAndLong, help: "Shows no progress.")
  var quiet = false

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1") }
    try checkFolder(report, option: "--report")
  }

  func run() throws {
    let model = try reading.model(model, computing, allowingUnfinished: unfinished)
    significance.warn(of: model)
    let record = model.configuration.trainingRecord
    let dataset = try layout.read(data, seed: record?.seed ?? 0)
    guard !dataset.test.isEmpty else {
      throw ToolError(
        "\(data): has no test pictures (read as \(dataset.format.rawValue)); 'blemish predict' judges single pictures"
      )
    }
    guard !fairThreshold || dataset.train.contains(where: { !$0.isAnomalous }) else {
      throw ToolError("\(data): has no good training pictures, which --fair-threshold looks at")
    }
    let page = try report.map { folder in
      try makeFolder(folder)
      let page = (folder as NSString).appendingPathComponent("report.html")
      try requireWritable(page, replacing: force.replacement(.report))
      return page
    }
    let progress = ProgressLine(quiet: quiet)
    for warning in dataset.warnings.prefix(20) { progress.line("note: \(warning)") }
    if let record, resolvedPath(record.data) == resolvedPath(data), record.category == dataset.name,
      !record.wasOf(dataset)
    {
      progress.line(
        "note: the good pictures of \(data) are no longer those that the model was trained on; where the layout "
          + "leaves the split open, test pictures may be among those")
    }
    let threshold =
      fairThreshold
      ? try model.fairThreshold(on: dataset.train, batch: batch) { done in
        progress.rewrite(
          "\(done) of \(dataset.train.count) good pictures", final: done == dataset.train.count)
      } : nil
    let evaluation = try model.evaluate(
      dataset.test, options: significance.inspection,
      fairThreshold: threshold, batch: batch
    ) { done in
      progress.rewrite("\(done) of \(dataset.test.count) pictures", final: done == dataset.test.count)
    }
    let robust =
      robustness
      ? try model.robustness(on: dataset.test, options: significance.inspection, batch: batch) { done, all in
        progress.rewrite("\(done) of \(all) disturbances", final: done == all)
      } : nil
    progress.finish()
    for warning in evaluation.warnings { complain("note: \(warning)") }
    if record?.selection == .testAUROC {
      complain("note: the model's epoch was chosen on a test set; figures on that set are optimistic")
    }
    print(
      json
        ? jsonLine(EvaluationSummary(evaluation, selection: record?.selection, robustness: robust))
        : ([EvaluationTable.text(evaluation)] + [robust].compactMap { $0.map(EvaluationTable.text) })
          .joined(separator: "\n\n"))
    if let page {
      let part = EvaluatedModel(
        name: dataset.name, model: model, evaluation: evaluation, robustness: robust)
      try HTMLReport.write(
        try EvaluationReport.content(title: dataset.name, [part]), to: page,
        replacing: force.replacement(.report))
      complain("\(page): the report")
    }
  }
}
