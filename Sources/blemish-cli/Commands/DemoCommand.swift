import ArgumentParser
import BlemishCore
import BlemishDatasets
import BlemishDetectors
import BlemishEvaluation
import BlemishSupport
import BlemishSynthesis
import BlemishTorch
import BlemishTraining
import Foundation

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the whole job on pictures that the program makes.",
    discussion: """
      Draws pictures of good parts, and of new parts some of which have planted defects. Trains a model on the good \
      ones, judges the new ones, and writes a report. Everything goes into FOLDER.
      """)

  @Argument(help: "Where everything goes.")
  var folder = "demo"

  @Option(help: "The materials: \(PartMaterial.allCases.map(\.rawValue).joined(separator: ", ")).")
  var materials: [PartMaterial] = [.metalDisc, .cloth, .wood]

  @Option(help: "The side of the pictures.")
  var size = 256

  @Option(help: "Passes over the training pictures.")
  var epochs = 25

  @OptionGroup var limits: LimitOptions

  @Option(help: "Good pictures of each material to learn from.")
  var pictures = 400

  @Option(help: "The seed of everything that is drawn.")
  var seed: UInt64 = 0

  @OptionGroup var force: ForceOption
  @OptionGroup var tuning: TuningOptionGroup

  func validate() throws {
    try checkFolder(folder, option: "FOLDER")
    guard (64...1024).contains(size) else {
      throw ValidationError("--size must be from 64 to 1024 pixels, not \(size)")
    }
    guard (20...10_000).contains(pictures) else {
      throw ValidationError("--pictures must be from 20 to 10000, not \(pictures)")
    }
    guard (1...1000).contains(epochs) else {
      throw ValidationError("--epochs must be from 1 to 1000, not \(epochs)")
    }
  }

  func run() throws {
    Interruption.listen()
    let place = (folder as NSString).appendingPathComponent("pictures")
    let generated = GeneratedParts(
      materials: materials, size: size, trainingPictures: pictures, goodTestPictures: 20,
      picturesPerDefect: 6,
      seed: seed)
    try claim(place)
    let page = (folder as NSString).appendingPathComponent("report.html")
    try AtomicFile.check(page, replacing: force.replacement(.report))
    complain("drawing \(generated.count) pictures of parts in \(place)")
    try generated.write(to: place)
    var parts: [EvaluatedModel] = []
    for material in materials {
      complain("\n\(material.rawValue)")
      let data = (place as NSString).appendingPathComponent(material.rawValue)
      let output = (folder as NSString).appendingPathComponent("\(material.rawValue).blemish")
      guard try train(on: data, output: output) else { throw ExitCode(130) }
      let model = try Model(contentsOf: output)
      let dataset = try Dataset.read(data)
      let evaluation = try model.evaluate(dataset.test)
      print(EvaluationTable.text(evaluation))
      parts.append(EvaluatedModel(name: dataset.name, model: model, evaluation: evaluation))
    }
    try HTMLReport.write(
      try EvaluationReport.content(title: "Generated parts", parts, picturesPerGallery: 8), to: page,
      replacing: force.replacement(.report))
    print("\n\(printable(page)): open it in a browser")
    print("'make station', then 'blemish serve --models \(printable(folder))' shows the models at work")
  }

  /// Makes the folder of the pictures, and marks it as one whose pictures may be drawn anew.
  private func claim(_ pictures: String) throws {
    try makeFolder(pictures)
    let mark = pictures + "/.blemish-demo"
    guard FileStatus(mark) == nil else { return }
    guard try folderEntries(pictures).isEmpty || force.force else {
      throw ToolError(
        "\(printable(pictures)): holds files that are not this demonstration's; name another folder, or replace them "
          + "with --force")
    }
    try writeText("The pictures here are drawn by 'blemish demo', which may replace them.\n", to: mark)
  }

  private func train(on data: String, output: String) throws -> Bool {
    let progress = ProgressLine(quiet: false)
    defer { progress.finish() }
    var options = TrainingOptions()
    options.seed = seed
    options.size = .side(size)
    try options.apply([PublishedSettings(epochs: epochs, batch: 10, learningRate: 2e-3)])
    // Drawn pictures cost nothing, and a promise is kept the better the more it rests on.
    options.heldOut = 0.84
    options.operatingPoint = limits.operatingPoint(.production)
    // A demonstration is not to last; the parts are simple.
    options.tuning.minutes = 1
    options.replacesForeignFiles = force.force
    try tuning.fill(&options)
    let session = try TrainingSession(
      try Dataset.read(data), at: data, output: output, options: options, report: progress.show)
    return try session.run() == .finished
  }
}

extension PartMaterial: ExpressibleByArgument {}
