import ArgumentParser
import Blemish
import Foundation
import Torch

struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learns anew, from fresh good pictures, what a model's promises of false alarms rest on.",
    discussion: """
      For a new lamp, a new lens, or a model that was trained without held-out pictures. The model itself is not \
      trained. First it is tested whether the pictures still look as those did that the present promises rest on: \
      a small p-value means that they do not. When the flow no longer fits them at all, train anew. A damaged \
      calibration is replaced without that test.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "Pictures of good parts that the model was not trained on: files, folders or patterns.")
  var paths: [String]

  @Option(help: "Where the recalibrated model goes; without, MODEL is replaced.")
  var output: String?

  @Flag(help: "Only tests whether the pictures still fit; writes nothing.")
  var check = false

  @Flag(help: "Prints one JSON object.")
  var json = false

  @Option(name: .customLong("weights"), help: "The backbone's weights, for a model that does not hold them.")
  var weights: [String] = []

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
  }

  func run() throws {
    let path = model
    if !check { try requireWritable(output ?? path) }
    var loaded = try Model(
      contentsOf: path, weights: weights, precision: computing.precision, device: Device(computing.device),
      damagedBackground: { complain("note: \(path): its calibration is damaged (\($0)) and is left out") })
    if loaded.configuration.training?.finished == false {
      throw ConfigurationError(
        "\(path): its training is not finished, and what it needs to go on would be lost; finish it with "
          + "'blemish train --resume', then calibrate")
    }
    let inputs = InputPictures(paths)
    if let failure = inputs.failures.first { throw ConfigurationError(failure.reason) }
    let pictures = inputs.pictures.map(\.path)
    var result = Result(pictures: pictures.count, driftPValue: try loaded.driftPValue(of: pictures))
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
    if !check {
      let background = try loaded.learnBackground(from: pictures, source: .recalibrated)
      loaded.configuration.background = background
      try loaded.write(to: output ?? path)
      result.measuredDownTo = background.countedDownTo
      result.fittedDownTo = background.fittedDownTo
      complain("\(output ?? path): \(background.summary)")
    }
    if json { print(jsonLine(result)) }
  }
}
