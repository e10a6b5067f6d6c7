import ArgumentParser
import BlemishCore
import BlemishSupport
import BlemishTorch
import Foundation

struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learns anew, from fresh good pictures, what a model's promises of false alarms rest on.",
    discussion: """
      For a new lamp, a new lens, or a model that was trained without held-out pictures. The model itself is not \
      trained. First it is tested whether the pictures still look as those did that the present promises rest on: \
      a small p-value means that they do not. When the detector no longer fits them at all, train anew. A damaged \
      calibration is replaced without that test.

      The calibration from before stays in the file, and 'blemish calibrate MODEL --undo' takes it back. Where nothing
      can be learnt of the pictures, as of one picture again and again, the file stays as it was.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "Pictures of good parts that the model was not trained on: files, folders or patterns.")
  var paths: [String] = []

  @Option(help: "Where the recalibrated model goes; without, MODEL is replaced.")
  var output: String?

  @Flag(help: "Only tests whether the pictures still fit; writes nothing.")
  var check = false

  @Flag(
    help: "Takes back the calibration from before the last one; done again, the last one. Needs no pictures.")
  var undo = false

  @OptionGroup var limits: LimitOptions

  @OptionGroup var force: ForceOption

  @Flag(help: "Prints one JSON object.")
  var json = false

  @OptionGroup var reading: ReadingOptions

  @OptionGroup var computing: ComputingOptions

  /// Below this p-value the pictures are said not to fit.
  private static let alarming = 0.01

  /// What `--json` prints.
  private struct Result: Encodable {
    var pictures: Int
    var driftPValue: Double?
    var measuredDownTo: Double?
    var fittedDownTo: Double?

    enum CodingKeys: String, CodingKey {
      case pictures
      case driftPValue = "drift_p_value"
      case measuredDownTo = "measured_down_to_false_alarms_per_picture"
      case fittedDownTo = "fitted_down_to_false_alarms_per_picture"
    }
  }

  func validate() throws {
    if check && output != nil { throw ValidationError("--check writes nothing: leave out --output") }
    if undo && (check || !paths.isEmpty) {
      throw ValidationError("--undo takes a calibration back: leave out --check and the pictures")
    }
    if !undo && paths.isEmpty {
      throw ValidationError("name pictures of good parts: files, folders or patterns")
    }
  }

  func run() throws {
    let destination = try fileDestination(output ?? model)
    if !check { try destination.check(replacing: force.replacement(.model)) }
    if undo { return try takeBack(destination) }
    let path = model
    var loaded = try reading.model(path, computing) {
      complain("note: \(path): its calibration is damaged (\($0)) and is left out")
    }
    let inputs = InputPictures(paths)
    if let failure = inputs.failures.first { throw ToolError(failure.reason) }
    let pictures = inputs.pictures.map(\.path)
    let measured = check && !loaded.measuresDrift ? nil : try loaded.measure(pictures)
    var result = Result(
      pictures: pictures.count, driftPValue: try measured.flatMap { try loaded.driftPValue(of: $0) })
    if let pValue = result.driftPValue {
      complain(
        "drift: p = \(String(format: "%.2g", pValue)) that these pictures look as the earlier good ones did")
      if pValue < Self.alarming {
        complain("drift: they do not; if promises fail after calibration, train anew")
      }
    } else if loaded.configuration.background == nil {
      complain("drift: not tested, as there is no earlier calibration to compare with")
    } else {
      complain(
        "drift: not tested, as the present promises rest on the training pictures, which the flow knows")
    }
    if !check, let measured {
      loaded = try loaded.recalibrated(on: measured)
      let point = limits.operatingPoint(loaded.configuration.operatingPoint ?? .production)
      loaded.configuration.operatingPoint = point
      try write(loaded, to: destination)
      if let background = loaded.configuration.background {
        result.measuredDownTo = background.countedDownTo
        result.fittedDownTo = background.fittedDownTo
        complain("\(output ?? path): \(background.summary)")
        if let promise = background.promise(at: point) { complain("\(output ?? path): \(promise)") }
        if let caution = background.fewPicturesCaution { complain("note: \(caution)") }
      }
    }
    if json { print(jsonLine(result)) }
  }

  /// Exchanges the calibration and the one from before.
  private func takeBack(_ destination: OutputDestination) throws {
    var loaded = try reading.model(model, computing) { _ in }
    guard let former = loaded.configuration.formerBackground else {
      throw ToolError("\(model): holds no calibration from before; there is nothing to take back")
    }
    loaded.configuration.formerBackground = loaded.configuration.background
    loaded.configuration.background = former
    try write(loaded, to: destination)
    complain("\(output ?? model): \(former.summary)")
    if json {
      print(
        jsonLine(
          Result(
            pictures: former.test.pictures, measuredDownTo: former.countedDownTo,
            fittedDownTo: former.fittedDownTo)))
    }
  }

  private func write(_ model: Model, to destination: OutputDestination) throws {
    guard let path = destination.path else { return }
    try model.write(to: path, replacing: force.replacement(.model))
  }
}
