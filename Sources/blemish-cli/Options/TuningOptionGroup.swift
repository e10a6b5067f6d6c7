import ArgumentParser
import BlemishTraining

/// Whether and how the backbone is tuned on the good pictures before the detector is trained.
struct TuningOptionGroup: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: """
      Tunes the backbone first, on the good training pictures with planted defects. What finds planted defects \
      better in held-out pictures is kept. The embedded backbone is tuned unless told not to.
      """)
  var tune: Bool?

  @Option(help: "Minutes that the tuning may take: as many steps are done as fit. 20 without --tuning-steps.")
  var tuningMinutes: Double?

  @Option(help: "Steps of the tuning; a recorded number repeats a tuning.")
  var tuningSteps: Int?

  @Option(
    help: """
      What says itself where a picture is defective, beside what the detector finds improbable: own for the backbone, if \
      it does, or embedded for the embedded backbone beside another, which is then tuned. own without.
      """)
  var evidence: EvidenceSource?

  // The names that these options had first.
  @Flag(inversion: .prefixedNo, help: .hidden) var adapt: Bool?
  @Option(help: .hidden) var adaptMinutes: Double?
  @Option(help: .hidden) var adaptSteps: Int?

  /// Whether the backbone itself is to be tuned, which only the embedded one can be.
  var tunesOwnFeatures: Bool {
    guard evidence != .embedded else { return false }
    return (tune ?? adapt) == true || tuningMinutes != nil || tuningSteps != nil || adaptMinutes != nil
      || adaptSteps != nil
  }

  func validate() throws {
    if let minutes = tuningMinutes ?? adaptMinutes, !(minutes > 0) || !minutes.isFinite {
      throw ValidationError("--tuning-minutes must be greater than 0, not \(minutes)")
    }
    if let steps = tuningSteps ?? adaptSteps, steps < 1 {
      throw ValidationError("--tuning-steps must be at least 1, not \(steps)")
    }
  }

  func fill(_ options: inout TrainingOptions) throws {
    options.tunes = tune ?? adapt
    if let evidence { options.joinsEvidence = evidence == .embedded }
    let minutes = tuningMinutes ?? adaptMinutes
    if let steps = tuningSteps ?? adaptSteps {
      options.tuning.schedule.steps = steps
      options.tuning.minutes = minutes
    } else if let minutes {
      options.tuning.minutes = minutes
    }
    try options.tuning.check()
  }
}

/// What gives evidence of defects.
enum EvidenceSource: String, ExpressibleByArgument, CaseIterable {
  case own, embedded
}
