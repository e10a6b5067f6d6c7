import BlemishCore
import BlemishDetectors
import BlemishSupport
import BlemishTraining

extension Train {
  /// Checks that what is chosen is what the training to go on with was begun with.
  /// - Throws: ``ToolError`` that names every option that is not, and what the training was begun with.
  func checkResumedChoices() throws {
    let path = TrainingSession.unfinished(output) ?? output
    let configuration = try Model.configuration(ofFile: path)
    // A finished training says that it is.
    guard let record = configuration.trainingRecord, !record.finished else { return }
    let differing = try differences(from: configuration, record)
    guard differing.isEmpty else {
      throw ToolError(
        "\(printable(path)): its training was begun with other choices:\n"
          + differing.map { "  \($0.option), and it was begun with \($0.begun)" }.joined(separator: "\n")
          + "\nLeave these options out to go on, or remove the file to begin anew.")
    }
  }

  private typealias Difference = (option: String, begun: String)

  private func differences(
    from configuration: ModelConfiguration, _ record: TrainingRecord
  ) throws -> [Difference] {
    var found: [Difference] = []
    func compare<Value: Equatable>(_ option: String, _ given: Value?, _ begun: Value?) {
      guard let given, given != begun else { return }
      found.append(("\(option) \(given)", begun.map { "\($0)" } ?? "none"))
    }
    let schedule = record.schedule
    compare("--detector", chosen.detector, configuration.detector)
    compare("--backbone", chosen.backbone, configuration.backbone)
    if let size = try pictures.requested?.description {
      let exact = "\(configuration.height)x\(configuration.width)"
      if size != record.size && size != exact {
        found.append(("--size \(size)", record.size ?? "the usual size, here \(exact)"))
      }
    }
    compare("--tile", pictures.tile, configuration.tile)
    compare("--range", pictures.range, configuration.sampleRange.map(SampleRange.init))
    if let region = try region.region, region != configuration.regionOfInterest {
      found.append(
        ("this --region-of-interest", configuration.regionOfInterest == nil ? "none" : "another"))
    }
    compare("--seed", seed, record.seed)
    compare("--epochs", epochs, schedule?.epochs)
    compare("--batch", batch, schedule?.batch)
    compare("--learning-rate", learningRate, schedule?.learningRate)
    compare("--weight-decay", weightDecay, schedule?.weightDecay)
    if let patience, patience != schedule?.patience ?? 0 {
      found.append(("--patience \(patience)", "\(schedule?.patience ?? 0)"))
    }
    if publishedRamp {
      if case .rampPerEpoch? = schedule?.course {} else { found.append(("--published-ramp", "none")) }
    }
    compare("--false-alarms", limits.falseAlarms, configuration.operatingPoint?.falseAlarms)
    compare("--review", limits.review, configuration.operatingPoint?.review)
    compare("--held-out", heldOut, record.heldOut)
    compare("--keep", keep?.rawValue, record.selection.rawValue)
    compare("--precision", computing.givenPrecision?.rawValue, record.precision.rawValue)
    compare("--cache-precision", cachePrecision?.rawValue, record.featurePrecision.rawValue)
    compare("--category", layout.category, record.category)
    if layout.format != .auto { compare("--format", layout.format.rawValue, record.format) }
    compare("--lights", lights, record.lights ?? 1)
    if let evidence = tuning.evidence, (evidence == .embedded) != (record.joinsEvidence ?? false),
      configuration.backbone != "embedded"
    {
      found.append(("--evidence \(evidence)", evidence == .embedded ? "own" : "embedded"))
    }
    if let tunes = tuning.tune ?? tuning.adapt, tunes != (record.tuning != nil) {
      found.append((tunes ? "--tune" : "--no-tune", tunes ? "--no-tune" : "--tune"))
    }
    if let steps = tuning.tuningSteps ?? tuning.adaptSteps {
      compare("--tuning-steps", steps, record.tuning?.options.schedule.steps)
    }
    if let minutes = tuning.tuningMinutes ?? tuning.adaptMinutes {
      compare("--tuning-minutes", minutes, record.tuning?.options.minutes)
    }
    if referToWeights && configuration.embedsBackbone {
      found.append(("--refer-to-weights", "the weights in the file"))
    }
    if !chosen.weights.isEmpty && configuration.embedsBackbone {
      // They are in the file: others would be passed over.
      var options = TrainingOptions()
      (options.backbone, options.weights) = (configuration.backbone, chosen.weights)
      options.joinsEvidence = record.joinsEvidence ?? false
      if try options.backboneHash() != record.backboneHash {
        found.append(
          ("--weights \(chosen.weights.map(printable).joined(separator: " --weights "))", "other weights"))
      }
    }
    if let settings {
      found += try settingsDifferences(settings, configuration, schedule).map {
        ("--settings \(settings): \($0)", $1)
      }
    }
    return found
  }

  /// What published settings say that no option overrides, and the training was not begun with.
  private func settingsDifferences(
    _ name: String, _ configuration: ModelConfiguration, _ schedule: TrainingSchedule?
  ) throws -> [Difference] {
    let settings = try DetectorCatalogue.standard.settings(name, of: configuration.detector)
    var found: [Difference] = []
    func compare<Value: Equatable>(_ what: String, _ said: Value?, _ begun: Value?) {
      guard let said, said != begun else { return }
      found.append(("\(what) \(said)", begun.map { "\($0)" } ?? "none"))
    }
    if epochs == nil { compare("epochs", settings.epochs, schedule?.epochs) }
    if batch == nil { compare("batch", settings.batch, schedule?.batch) }
    if learningRate == nil { compare("learning rate", settings.learningRate, schedule?.learningRate) }
    if weightDecay == nil { compare("weight decay", settings.weightDecay, schedule?.weightDecay) }
    compare("configuration", settings.configuration, configuration.detectorConfiguration)
    return found
  }
}
