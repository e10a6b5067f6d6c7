import ArgumentParser
import BlemishCore
import BlemishDetectors
import BlemishSupport
import BlemishTorch

/// How a model is read.
struct ReadingOptions: ParsableArguments {
  @Option(name: .customLong("weights"), help: "The backbone's weights, for a model that does not hold them.")
  var weights: [String] = []

  @OptionGroup var limit: PixelLimit

  /// The model of a file.
  func model(
    _ path: String, _ computing: ComputingOptions, allowingUnfinished: Bool = false,
    damagedCalibration: (@Sendable (String) -> Void)? = nil
  ) throws -> Model {
    var reading = ModelReading()
    reading.weights = weights
    reading.precision = computing.precision
    reading.device = try Device(computing.device)
    reading.allowsUnfinished = allowingUnfinished
    reading.damagedCalibration = damagedCalibration
    reading.maximumPixels = limit.maxPixels
    let model = try Model(contentsOf: path, reading)
    guard weights.isEmpty || !model.configuration.embedsBackbone else {
      throw ToolError("\(printable(path)): holds the weights of its backbone itself; leave out --weights")
    }
    return model
  }
}
