import ArgumentParser
import BlemishCore

/// When a region counts.
struct SignificanceOptions: ParsableArguments {
  @Option(
    help: """
      The a contrario test: calibrated (its background was learnt from good pictures) or published (latents are \
      taken to be independent and standard normal).
      """)
  var test = InspectionOptions.Test.calibrated

  @Option(
    help:
      "False alarms accepted per good picture, on average: regions with a smaller number of false alarms count."
  )
  var falseAlarms = 1.0

  /// The options as the library takes them.
  var inspection: InspectionOptions { InspectionOptions(test: test, falseAlarms: falseAlarms) }

  /// Says where a model or its promise is not to be relied on, and where another test decides than was asked for.
  func warn(of model: Model) {
    if !model.configuration.isFinished {
      complain("note: the model's training is not finished ('blemish train --resume' goes on)")
    }
    guard test == .calibrated else { return }
    guard let background = model.configuration.background else {
      complain(
        "note: the model has no calibration, so the published test decides; 'blemish calibrate' makes one"
      )
      return
    }
    if let caution = background.caution(falseAlarms: falseAlarms) {
      complain("note: \(caution); 'blemish calibrate' does that")
    }
  }

  func validate() throws { try Self.check(falseAlarms) }

  /// - Throws: `ValidationError` where no number of false alarms can be meant.
  static func check(_ falseAlarms: Double) throws {
    guard falseAlarms > 0, falseAlarms.isFinite else {
      throw ValidationError("--false-alarms must be greater than 0")
    }
  }
}

extension InspectionOptions.Test: ExpressibleByArgument {}
