import ArgumentParser
import BlemishBackbones
import BlemishCore
import BlemishDatasets
import BlemishDetectors
import BlemishSynthesis
import BlemishTorch
import BlemishTraining
import Foundation

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learns from pictures of good parts.",
    discussion: """
      DATA is a plain folder of pictures of good parts, or a data set in a published layout (MVTec AD, magnetic
      tiles and others; --format). Only good pictures are used; a part of them is held out to choose the epoch.

      Ctrl-C stops after the step; the same command with --resume goes on to the same result.
      """)

  @Argument(help: "The folder of pictures.")
  var data: String

  @Option(help: "Where the model goes.")
  var output: String

  @OptionGroup var chosen: DetectorOptions

  @Flag(
    help: """
      Leaves the backbone's weights out of the model file; they must then stay where they are. Of no effect with the \
      embedded backbone, whose weights are the model's own.
      """)
  var referToWeights = false

  @OptionGroup var pictures: SizeOptions

  @Option(
    help: """
      The detector's published settings: the name of a category of MVTec AD, or a YAML file in the layout of its \
      published code. They may name backbone and size, too, where --backbone and --size do not.
      """)
  var settings: String?

  @Option(
    help: "Passes over the training pictures: 10 with the embedded backbone, else as many as published."
  )
  var epochs: Int?

  @Option(help: "Pictures a step.")
  var batch: Int?

  @Option(help: "Adam's learning rate.")
  var learningRate: Double?

  @Option(help: "How much of each parameter is added to its gradient.")
  var weightDecay: Double?

  @Flag(
    help:
      "Moves a ramp of the learning rate once an epoch, though its length is counted in steps, as U-Flow's trainer does."
  )
  var publishedRamp = false

  @Option(help: "Stops after this many epochs without a better one; 0 trains to the end.")
  var patience: Int?

  @Option(help: "The seed of everything that is drawn; 0 without.")
  var seed: UInt64?

  @OptionGroup var computing: ComputingOptions

  @Option(
    help:
      "The part of the good pictures that is held out to choose the epoch and to calibrate the test; 0 for none. 0.2 without."
  )
  var heldOut: Double?

  @Option(
    help: """
      The epoch to keep: likelihood (best on held-out good pictures), last, or test-auroc (best pixel AUROC on \
      the test set, as the published code does). Figures on a test set that chose the epoch are optimistic. Without, \
      likelihood.
      """)
  var keep: EpochSelection?

  @OptionGroup var limits: LimitOptions

  @Option(
    help: """
      In how many lights every training picture is seen, so that lamps do not matter: 4 with the embedded backbone and \
      efficientnet_lite, else 1, as they are.
      """)
  var lights: Int?

  @OptionGroup var tuning: TuningOptionGroup

  @OptionGroup var region: RegionOption

  @OptionGroup var layout: LayoutOptions

  @OptionGroup var force: ForceOption

  @OptionGroup var limit: PixelLimit

  @Flag(
    help: """
      Goes on with the training that OUTPUT holds, with the choices made when it began; other choices than those are an \
      error.
      """)
  var resume = false

  @Option(help: "Minutes between checkpoints.")
  var checkpointMinutes = 3.0

  @Option(help: "Gigabytes of pictures' features that stay on disk for later trainings; 0 for none.")
  var cacheLimit = 16.0

  @Option(
    help:
      "The numbers in which features wait for the detector: float16, or float32 in twice the space. Without, float16."
  )
  var cachePrecision: FeaturePrecision?

  @Option(help: "A folder for event files: 'tensorboard --logdir FOLDER' shows the training while it runs.")
  var tensorboard: String?

  @Flag(name: .shortAndLong, help: "Shows no progress.")
  var quiet = false

  func validate() throws {
    guard (0...1e6).contains(cacheLimit) else {
      throw ValidationError("--cache-limit must be from 0 to 1000000 gigabytes, not \(cacheLimit)")
    }
    if let lights, !(1...16).contains(lights) {
      throw ValidationError("--lights must be from 1 to 16, not \(lights)")
    }
    if let heldOut, !(0..<1).contains(heldOut) {
      throw ValidationError("--held-out must be at least 0 and less than 1, not \(heldOut)")
    }
    do {
      let name = chosen.detector ?? DetectorCatalogue.standard.defaultName
      let type = try DetectorCatalogue.standard.named(name)
      if let backbone = chosen.backbone { _ = try BackboneCatalogue.standard.named(backbone) }
      if let settings, !FileManager.default.fileExists(atPath: settings) {
        _ = try DetectorCatalogue.standard.settings(settings, of: name)
      }
      if publishedRamp {
        guard case .ramp? = (type as? any GradientFitted.Type)?.schedule.course else {
          throw ValidationError("--published-ramp: the learning rate of the detector \(name) follows no ramp")
        }
      }
      try TrainingSchedule(
        epochs: epochs ?? 1, batch: batch ?? 1, learningRate: learningRate ?? 1,
        weightDecay: weightDecay ?? 0,
        course: .ramp(end: 1)
      ).check()
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() throws {
    Interruption.listen()
    let progress = ProgressLine(quiet: quiet)
    var options = TrainingOptions()
    options.weights = chosen.weights
    options.device = try Device(computing.device)
    options.precision = computing.precision
    options.checkpointInterval = max(checkpointMinutes, 0) * 60
    options.tensorBoard = tensorboard
    options.cacheLimit = Int(cacheLimit * 1e9)
    options.maximumPixels = limit.maxPixels
    options.replacesForeignFiles = force.force
    let destination = try fileDestination(output)
    let session: TrainingSession
    if resume {
      if destination == .nowhere {
        throw ValidationError("--resume needs the --output of the training to go on with")
      }
      try checkResumedChoices()
      session = try TrainingSession(
        resuming: output, { try layout.read(data, seed: $0.seed, category: $0.category, format: $0.format) },
        options: options, report: progress.show)
    } else {
      if let begun = TrainingSession.unfinished(output) {
        throw TrainingError.unfinished(path: begun)
      }
      try fill(&options)
      session = try TrainingSession(
        try layout.read(data, seed: seed ?? 0), at: data, output: output, options: options,
        report: progress.show)
    }
    let outcome = try session.run()
    progress.finish()
    switch outcome {
    case .finished:
      let record = session.record
      let epochs = record.progress.epochs.count
      complain(
        "\(output): trained on \(record.trainingPictures) pictures in \(duration(record.progress.seconds))"
          + (epochs > 0 ? "; epoch \(record.progress.keptEpoch) of \(epochs) is kept" : ""))
      if let background = session.model.configuration.background {
        complain("\(output): \(background.summary)")
        let point = session.model.configuration.operatingPoint ?? .logNFA0
        if let promise = background.promise(at: point) { complain("\(output): \(promise)") }
        if let caution = background.caution(falseAlarms: point.falseAlarms) {
          complain("note: \(caution); 'blemish calibrate' does that")
        }
      }
    case .stopped:
      complain(
        destination == .nowhere
          ? "stopped; nothing is kept in \(output)"
          : "\(output): stopped; the same command with --resume goes on")
      throw ExitCode(130)
    }
  }

  private func fill(_ options: inout TrainingOptions) throws {
    let published = try settings.map {
      try options.detectors.settings($0, of: chosen.detector ?? options.detectors.defaultName)
    }
    options.backbone = chosen.backbone ?? published?.backbone ?? usualBackbone(options)
    options.detector =
      try chosen.detector
      ?? (choosesSteps
        ? options.detectors.defaultName
        : options.detectors.defaultName(on: options.backbones.named(options.backbone)))
    options.embedsBackbone = !referToWeights
    options.size = try pictures.requested ?? published?.size.map { .side($0) }
    options.tile = pictures.tile
    options.sampleRange = pictures.range?.bounds
    options.regionOfInterest = try region.region
    options.seed = seed ?? options.seed
    options.lights = lights
    options.heldOut = heldOut ?? options.heldOut
    options.operatingPoint = limits.operatingPoint(.production)
    options.selection = keep ?? options.selection
    options.featurePrecision = cachePrecision ?? options.featurePrecision
    try tuning.fill(&options)
    let choices = PublishedSettings(
      epochs: epochs, batch: batch, learningRate: learningRate, weightDecay: weightDecay)
    try options.apply([choices, published].compactMap { $0 })
    if let patience { options.schedule?.patience = patience > 0 ? patience : nil }
    if publishedRamp, case .ramp(let end) = options.schedule?.course {
      options.schedule?.course = .rampPerEpoch(end: end)
    }
  }
}

extension Train {
  /// Whether something is chosen that only a detector has which is trained step by step.
  private var choosesSteps: Bool {
    settings != nil || publishedRamp || keep != nil || epochs != nil || batch != nil || learningRate != nil
      || weightDecay != nil || patience != nil
  }

  /// The backbone of those who name none: a preferred one whose weights are there, if what else is chosen is for it,
  /// too.
  private func usualBackbone(_ options: TrainingOptions) -> String {
    let standard = options.backbones.defaultName
    guard chosen.weights.isEmpty, !choosesSteps, !tuning.tunesOwnFeatures,
      let usual = options.backbones.usual(), usual.name != standard
    else { return standard }
    let detector = options.detectors.defaultName(on: usual)
    guard chosen.detector ?? detector == detector else { return standard }
    complain(
      "note: backbone \(usual.name), detector \(detector); --backbone \(standard) takes the one in the program"
    )
    return usual.name
  }
}

extension RequestedSize {
  /// A size as the command line has it.
  /// - Throws: `ValidationError` that says what it may be.
  init(argument text: String) throws {
    guard text.lowercased() != "own" else {
      self = .own
      return
    }
    let parts = text.lowercased().split(separator: "x", omittingEmptySubsequences: false)
    let sides = parts.compactMap { Int($0) }
    guard (1...2).contains(parts.count), sides.count == parts.count, sides.allSatisfy((32...16384).contains)
    else {
      throw ValidationError("--size takes a side, HEIGHTxWIDTH of 32 to 16384 pixels, or own, not '\(text)'")
    }
    self = sides.count == 1 ? .side(sides[0]) : .exact(height: sides[0], width: sides[1])
  }
}

extension EpochSelection: ExpressibleByArgument {}
extension FeaturePrecision: ExpressibleByArgument {}
extension DatasetFormat: ExpressibleByArgument {}

/// Which data set a path holds.
struct LayoutOptions: ParsableArguments {
  @Option(help: "The layout: \(DatasetFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format = DatasetFormat.auto

  @Option(help: "The category, where the data set has several.")
  var category: String?

  /// The data set at a path, split by the seed where its layout has no split. What the user does not say is
  /// taken from an earlier reading.
  func read(_ path: String, seed: UInt64, category earlier: String? = nil, format: String? = nil) throws
    -> Dataset
  {
    try Dataset.read(
      path, format: self.format != .auto ? self.format : format.flatMap(DatasetFormat.init) ?? .auto,
      category: category ?? earlier, options: DatasetOptions(seed: seed))
  }
}
