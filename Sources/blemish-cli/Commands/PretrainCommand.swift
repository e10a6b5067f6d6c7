import ArgumentParser
import BlemishSupport
import BlemishTorch
import BlemishTraining
import Foundation

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains the embedded backbone on generated pictures with planted defects.",
    discussion: """
      CONFIG is a YAML file that holds every number of the run, as recipes/embedded.yaml does; without it, the
      run is the first one of the embedded weights. The weights and their record go to OUTPUT, the record
      also to a JSON file beside it.

      Ctrl-C stops after the step; the same command with --resume goes on to the same result.
      """)

  @Argument(help: "The configuration.")
  var config: String?

  @Option(help: "Where the weights go.")
  var output: String?

  @Option(
    help: """
      Weights of an earlier run to begin with; the record names both runs. With --resume, the run has begun and they \
      are not read.
      """)
  var weights: String?

  @Flag(help: "Goes on with the run that OUTPUT.checkpoint holds.")
  var resume = false

  @Option(help: "Where to compute: cpu, cuda, cuda:1.")
  var device = "cpu"

  @Option(help: "Threads that generate pictures ahead; does not change the result.")
  var loaders = LabelledBatchLoader.standardThreads

  @Option(help: "Minutes between checkpoints.")
  var checkpointMinutes = 5.0

  @Option(
    help: "A folder for sheets of generated pictures and their masks, to look at; nothing is trained then.")
  var preview: String?

  @OptionGroup var force: ForceOption

  @Flag(name: .shortAndLong, help: "Shows no progress.")
  var quiet = false

  func validate() throws {
    guard (output == nil) != (preview == nil) else {
      throw ValidationError("Name --output for the weights, or --preview to look at the pictures.")
    }
    try checkFolder(preview, option: "--preview")
    guard (1...1024).contains(loaders) else {
      throw ValidationError("--loaders must be from 1 to 1024, not \(loaders)")
    }
  }

  func run() throws {
    let configuration = try config.map { try PretrainingConfiguration(contentsOf: $0) }
    if let preview { return try writeSheets(configuration ?? .standard, to: preview) }
    guard let output else { return }
    _ = try fileDestination(output)
    Interruption.listen()
    let progress = ProgressLine(quiet: quiet)
    let device = try Device(device)
    let session =
      resume
      ? try PretrainingSession(
        resuming: output, configuration, device: device, replacesForeignFiles: force.force)
      : try PretrainingSession(
        configuration ?? .standard, startingFrom: weights, output: output, device: device,
        replacesForeignFiles: force.force)
    let record = try session.run(
      threads: loaders, checkpointInterval: max(checkpointMinutes, 0) * 60,
      report: progress.show)
    progress.finish()
    guard let record else {
      complain("\(output): stopped; the same command with --resume goes on")
      throw ExitCode(130)
    }
    complain(
      "\(output): trained on \(record.pictures) pictures in \(duration(record.seconds)); on new ones loss "
        + "\(decimal(record.validationLoss, 4)), dice \(decimal(record.validationDice, 4))")
  }

  /// Two sheets: what is generated, and the same with defects and masks.
  private func writeSheets(_ configuration: PretrainingConfiguration, to folder: String) throws {
    try makeFolder(folder)
    let source = GeneratedDefects(
      pictures: configuration.pictures, defects: configuration.defects, side: configuration.side,
      seed: configuration.seed)
    for sheet in 0..<2 {
      let path = "\(folder)/pictures-\(sheet).png"
      try ContactSheet.picture(of: source, indices: sheet * 64..<(sheet + 1) * 64, columns: 8).write(
        result: path, replacing: force.replacement(.resultPicture))
      complain(path)
    }
    let count = 256
    let time = ContinuousClock().measure { for index in 0..<count { _ = source.sample(index) } }
    let milliseconds = (time / .milliseconds(1)) / Double(count)
    complain("\(decimal(milliseconds, 2)) ms a picture on one thread")
  }
}
