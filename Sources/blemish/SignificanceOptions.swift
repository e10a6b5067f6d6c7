import ArgumentParser
import Blemish

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

  /// Says where a model's promise is not to be relied on.
  func warn(of model: Model) {
    guard test == .calibrated else { return }
    if let caution = model.configuration.background?.caution(falseAlarms: falseAlarms) {
      complain("note: \(caution)")
    }
  }

  func validate() throws {
    guard falseAlarms > 0, falseAlarms.isFinite else {
      throw ValidationError("--false-alarms must be greater than 0")
    }
  }
}

extension InspectionOptions.Test: ExpressibleByArgument {}
