import ArgumentParser
import Blemish
import Datasets
import Foundation

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the whole job on pictures that the program makes.",
    discussion: """
      Draws pictures of good parts, and of new parts some of which have planted defects; trains a model on the \
      good ones; judges the new ones; writes a report. Everything goes into FOLDER.
      """)

  @Argument(help: "Where everything goes.")
  var folder = "demo"

  @Option(help: "The materials: \(PartMaterial.allCases.map(\.rawValue).joined(separator: ", ")).")
  var materials: [PartMaterial] = [.metalDisc, .cloth, .wood]

  @Option(help: "The side of the pictures.")
  var size = 256

  @Option(help: "Passes over the training pictures.")
  var epochs = 25

  @Option(help: "False alarms accepted per good picture, on average.")
  var falseAlarms = 0.1

  @Option(help: "The seed of everything that is drawn.")
  var seed: UInt64 = 0

  func validate() throws {
    guard (64...1024).contains(size) else {
      throw ValidationError("--size must be from 64 to 1024 pixels, not \(size)")
    }
    guard (1...1000).contains(epochs) else {
      throw ValidationError("--epochs must be from 1 to 1000, not \(epochs)")
    }
    try SignificanceOptions.check(falseAlarms)
  }

  func run() throws {
    Interruption.listen()
    let pictures = (folder as NSString).appendingPathComponent("pictures")
    let generated = GeneratedParts(
      materials: materials, size: size, trainingPictures: 400, goodTestPictures: 20, picturesPerDefect: 6,
      seed: seed)
    complain("drawing \(generated.count) pictures of parts in \(pictures)")
    try generated.write(to: pictures)
    var parts: [EvaluatedModel] = []
    for material in materials {
      complain("\n\(material.rawValue)")
      let data = (pictures as NSString).appendingPathComponent(material.rawValue)
      let output = (folder as NSString).appendingPathComponent("\(material.rawValue).blemish")
      guard try train(on: data, output: output) else { throw ExitCode(130) }
      let model = try Model(contentsOf: output)
      let dataset = try Dataset.read(data)
      let evaluation = try model.evaluate(
        dataset.test, options: InspectionOptions(falseAlarms: falseAlarms))
      print(EvaluationTable.text(evaluation))
      parts.append(EvaluatedModel(name: dataset.name, model: model, evaluation: evaluation))
    }
    let page = (folder as NSString).appendingPathComponent("report.html")
    try HTMLReport.write(
      try EvaluationReport.content(title: "Generated parts", parts, picturesPerGallery: 8), to: page)
    print("\n\(page): open it in a browser")
  }

  private func train(on data: String, output: String) throws -> Bool {
    let progress = ProgressLine(quiet: false)
    defer { progress.finish() }
    var options = TrainingOptions()
    options.seed = seed
    options.size = .side(size)
    var schedule = UFlow.schedule
    schedule.epochs = epochs
    schedule.batch = 10
    schedule.learningRate = 2e-3
    options.schedule = schedule
    // Drawn pictures cost nothing, and a promise is kept the better the more it rests on.
    options.heldOut = 0.84
    // A demonstration is not to last; the parts are simple.
    options.adaptation.minutes = 1
    let session = try TrainingSession(
      try Dataset.read(data), at: data, output: output, options: options, report: progress.show)
    return try session.run { Interruption.isWanted } == .finished
  }
}

extension PartMaterial: ExpressibleByArgument {}
