import ArgumentParser
import Blemish

/// Whether and how the backbone is tuned on the good pictures before the detector is trained.
struct AdaptationArguments: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: """
      Tunes the backbone on the good training pictures with planted defects first, and keeps what finds planted \
      defects better in held-out ones; with the embedded backbone it does unless told not to.
      """)
  var adapt: Bool?

  @Option(help: "Minutes that the tuning may take: as many steps are done as fit. 20 without --adapt-steps.")
  var adaptMinutes: Double?

  @Option(help: "Steps of the tuning; a recorded number repeats a tuning.")
  var adaptSteps: Int?

  func validate() throws {
    if let adaptMinutes, !(adaptMinutes > 0) || !adaptMinutes.isFinite {
      throw ValidationError("--adapt-minutes must be greater than 0, not \(adaptMinutes)")
    }
    if let adaptSteps, adaptSteps < 1 {
      throw ValidationError("--adapt-steps must be at least 1, not \(adaptSteps)")
    }
  }

  func fill(_ options: inout TrainingOptions) throws {
    options.adapts = adapt
    if let adaptSteps {
      options.adaptation.schedule.steps = adaptSteps
      options.adaptation.minutes = adaptMinutes
    } else if let adaptMinutes {
      options.adaptation.minutes = adaptMinutes
    }
    try options.adaptation.check()
  }
}
