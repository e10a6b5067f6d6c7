import ArgumentParser
import Blemish
import Datasets
import Foundation
import Metrics
import Torch

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures a model on a data set's test pictures.",
    discussion: """
      Where the layout leaves the split open (plain folders, magnetic tiles), the model's own seed decides it, so \
      that no training picture is a test picture.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "The data set.")
  var data: String

  @OptionGroup var layout: LayoutOptions

  @Flag(help: "Prints one JSON object.")
  var json = false

  @Option(help: "A folder for a report, one page that a browser opens.")
  var report: String?

  @Option(name: .customLong("weights"), help: "The backbone's weights, for a model that does not hold them.")
  var weights: [String] = []

  @Option(help: "Where to compute: cpu, cuda, cuda:1.")
  var device = "cpu"

  @Option(help: "Pictures that go through the model at a time.")
  var batch = 4

  @Flag(name: .shortAndLong, help: "Shows no progress.")
  var quiet = false

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1") }
  }

  func run() throws {
    let model = try Model(contentsOf: model, weights: weights, device: Device(device))
    let record = model.configuration.training
    let dataset = try layout.read(data, seed: record?.seed ?? 0)
    guard !dataset.test.isEmpty else {
      throw ConfigurationError(
        "\(data): has no test pictures (read as \(dataset.format.rawValue)); 'blemish predict' judges single pictures")
    }
    let progress = ProgressLine(quiet: quiet)
    for warning in dataset.warnings.prefix(20) { progress.line("note: \(warning)") }
    let evaluation = try model.evaluate(
      dataset.test, batch: batch,
      progress: { done in
        progress.rewrite("\(done) of \(dataset.test.count) pictures", final: done == dataset.test.count)
      })
    progress.finish()
    for warning in evaluation.warnings { complain("note: \(warning)") }
    if record?.selection == .testAUROC {
      complain("note: the model's epoch was chosen on a test set; figures on that set are optimistic")
    }
    if let report {
      try FileManager.default.createDirectory(atPath: report, withIntermediateDirectories: true)
      let page = (report as NSString).appendingPathComponent("report.html")
      let part = EvaluatedModel(name: dataset.name, model: model, evaluation: evaluation)
      try HTMLReport.write(try EvaluationReport.content(title: dataset.name, [part]), to: page)
      complain("\(page): the report")
    }
    print(json ? jsonLine(EvaluationJSON(evaluation)) : EvaluationTable.text(evaluation))
  }
}

/// What `--json` prints of an evaluation: what is not defined is null, with its reason under `unavailable`.
struct EvaluationJSON: Encodable {
  struct Figures: Encodable {
    let figures: Evaluation.Figures

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(figures.images, forKey: Key("images"))
      try values.encode(figures.anomalousImages, forKey: Key("anomalous_images"))
      for (name, measured) in EvaluationJSON.measures(figures) { try values.encode(measured.value, forKey: Key(name)) }
    }
  }

  let evaluation: Evaluation

  init(_ evaluation: Evaluation) { self.evaluation = evaluation }

  static func measures(_ figures: Evaluation.Figures) -> [(String, Measured)] {
    [
      ("image_auroc", figures.imageAUROC), ("pixel_auroc", figures.pixelAUROC), ("aupro", figures.aupro),
      ("miou_at_log_nfa_0", figures.meanIoUAtLogNFA0), ("miou_oracle", figures.meanIoUOracle),
      ("pooled_iou_at_log_nfa_0", figures.pooledIoUAtLogNFA0), ("pooled_iou_oracle", figures.pooledIoUOracle),
      ("detected_anomalous_images", figures.detectedAnomalousImages),
    ]
  }

  /// Why a figure is missing, by its name.
  var unavailable: [String: String] {
    let all = Self.measures(evaluation.overall) + [("false_alarms_per_normal_image", evaluation.falseAlarmsPerNormalImage)]
    return Dictionary(uniqueKeysWithValues: all.compactMap { name, measured in measured.reason.map { (name, $0) } })
  }

  func encode(to encoder: any Encoder) throws {
    try Figures(figures: evaluation.overall).encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(evaluation.falseAlarmsPerNormalImage.value, forKey: Key("false_alarms_per_normal_image"))
    try values.encode(evaluation.secondsPerImage, forKey: Key("seconds_per_image"))
    if let interval = evaluation.imageAUROCInterval {
      try values.encode([interval.lowerBound, interval.upperBound], forKey: Key("image_auroc_interval"))
    }
    try values.encode(unavailable, forKey: Key("unavailable"))
    var types = values.nestedContainer(keyedBy: Key.self, forKey: Key("defect_types"))
    for figures in evaluation.defectTypes { try types.encode(Figures(figures: figures), forKey: Key(figures.name)) }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
