import ArgumentParser
import BlemishCore
import BlemishSupport
import BlemishTorch
import BlemishTraining
import Foundation

struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Says what a model was trained on and how.")

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Flag(help: "Prints one JSON object.")
  var json = false

  func run() throws {
    let configuration = try Model.configuration(ofFile: model)
    guard !json else {
      print(jsonLine(configuration))
      return
    }
    var rows: [(String, String)] = [
      ("model", model),
      ("detector", "\(configuration.detector) \(configuration.detectorConfiguration)"),
      ("backbone", backbone(configuration)),
      ("picture size", "\(configuration.height)x\(configuration.width), resized \(configuration.filter)"),
      ("tiles", configuration.tile.map { "overlapping, \($0)x\($0)" } ?? "none: pictures are seen whole"),
      ("map size", "\(configuration.mapHeight)x\(configuration.mapWidth)"),
      ("feature maps", configuration.features.map(\.description).joined(separator: ", ")),
      ("written by", "Blemish \(configuration.blemish)"),
    ]
    if let range = configuration.sampleRange {
      rows.append(("sample range", "\(range.lowerBound) is black, \(range.upperBound) white"))
    }
    if let region = configuration.regionOfInterest {
      let share = Double(region.mask.pixels.count { $0 }) / Double(region.mask.pixels.count)
      rows.append(("region of interest", String(format: "%.3g%% of the picture", 100 * share)))
    }
    if let record = configuration.trainingRecord {
      rows += rowsOf(record)
    } else {
      rows.append(("training", "imported"))
    }
    rows.append(("test", test(configuration)))
    let point = configuration.operatingPoint ?? .logNFA0
    rows.append(
      (
        "limits",
        "anomalous below \(point.falseAlarms) false alarms per good picture, to be reviewed below \(point.review)"
      ))
    if let promise = configuration.background?.promise(at: point) { rows.append(("promise", promise)) }
    if let former = configuration.formerBackground {
      rows.append(("test before", "\(former.summary); 'blemish calibrate --undo' takes it back"))
    }
    let width = rows.map(\.0.count).max() ?? 0
    for (name, value) in rows {
      print(name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + printable(value))
    }
  }

  private func backbone(_ configuration: ModelConfiguration) -> String {
    guard let hash = configuration.backboneHash else { return "\(configuration.backbone), seeded weights" }
    let place =
      configuration.embedsBackbone
      ? "in the file" : "at \(configuration.backboneFiles.joined(separator: ", "))"
    return "\(configuration.backbone), weights \(place), SHA-256 \(hash)"
  }

  private func test(_ configuration: ModelConfiguration) -> String {
    configuration.background?.summary ?? "published"
  }

  private func rowsOf(_ record: TrainingRecord) -> [(String, String)] {
    let progress = record.progress
    var rows = [
      ("trained", "\(record.date), \(duration(progress.seconds))"),
      ("machine", "\(record.machine)"),
      ("precision", record.precision.rawValue),
      ("data", "\(record.data) (\(record.format)\(record.category.map { ", \($0)" } ?? ""))"),
      ("pictures", "\(record.trainingPictures) good ones, \(record.heldOutPictures) held out"),
      ("fingerprint", "SHA-256 \(record.fingerprint) of the training pictures' names and contents"),
      ("seed", "\(record.seed)"),
    ]
    if let schedule = record.schedule {
      rows += [
        (
          "schedule",
          "\(schedule.epochs) epochs at most, batch \(schedule.batch), learning rate \(schedule.learningRate), "
            + "weight decay \(schedule.weightDecay)"
        ),
        (
          "kept epoch",
          "\(progress.keptEpoch) of \(progress.epochs.count), chosen by \(record.selection.rawValue)"
        ),
      ]
    }
    if let tuning = record.tuning { rows.append(("backbone's tuning", tuning.summary)) }
    if !record.finished { rows.append(("state", "not finished: 'blemish train --resume' goes on")) }
    if !progress.epochs.isEmpty { rows.append(("loss curve", LossCurve.sparkline(progress))) }
    let curve = EvaluationTable.aligned(LossCurve.rows(progress))
    rows += curve.map { ("", $0) }
    return rows
  }
}
