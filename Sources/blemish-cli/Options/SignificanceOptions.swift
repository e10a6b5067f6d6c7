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

  @OptionGroup var limits: LimitOptions

  /// The options as the library takes them.
  var inspection: InspectionOptions {
    InspectionOptions(test: test, falseAlarms: limits.falseAlarms, review: limits.review)
  }

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
    let point = inspection.rule(for: model.configuration).operatingPoint
    if let caution = background.caution(falseAlarms: point.falseAlarms) {
      complain("note: \(caution); 'blemish calibrate' does that")
    }
  }
}

/// At how many false alarms it is decided; without, as the model says.
struct LimitOptions: ParsableArguments {
  @Option(
    help: """
      False alarms accepted per good picture. A picture is anomalous when good pictures are expected to have fewer \
      regions like its most significant one. At most that share of good pictures is stopped. 1 is the papers' \
      log NFA = 0.
      """)
  var falseAlarms: Double?

  @Option(
    help: "The more generous limit: pictures between it and --false-alarms are for somebody to look at.")
  var review: Double?

  func validate() throws {
    try Self.check(falseAlarms, option: "--false-alarms")
    try Self.check(review, option: "--review")
    if let falseAlarms, let review, review < falseAlarms {
      throw ValidationError(
        "--review (\(review)) is the more generous limit and must be at least --false-alarms (\(falseAlarms))"
      )
    }
  }

  /// The limits to be stored in a model.
  /// - Parameter earlier: those that hold where nothing is said.
  func operatingPoint(_ earlier: OperatingPoint) -> OperatingPoint {
    OperatingPoint(falseAlarms: falseAlarms ?? earlier.falseAlarms, review: review ?? earlier.review)
  }

  private static func check(_ limit: Double?, option: String) throws {
    guard let limit else { return }
    guard limit > 0, limit.isFinite else { throw ValidationError("\(option) must be greater than 0") }
  }
}

extension InspectionOptions.Test: ExpressibleByArgument {}
