import ArgumentParser
import Blemish
import Foundation
import Imaging
import Torch

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says of pictures whether, where and how surely something is wrong.",
    discussion: """
      A picture is anomalous when its most significant region has log NFA < 0: fewer than one region like it is \
      expected in a picture of a good part; with --false-alarms F, fewer than F. Boxes and centroids are in the \
      picture's own pixels.

      The exit status is 0 whatever the verdicts, 1 when a picture could not be read, 2 for wrong usage.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "Pictures, folders of pictures, or patterns such as 'line1/*.png'.")
  var paths: [String]

  @Option(help: "A folder for an overlay, the heat map and the mask of every picture, as PNG.")
  var output: String?

  @OptionGroup var significance: SignificanceOptions

  @Flag(help: "Prints one JSON object a line.")
  var json = false

  @Option(name: .customLong("weights"), help: "The backbone's weights, for a model that does not hold them.")
  var weights: [String] = []

  @OptionGroup var computing: ComputingOptions

  @Option(help: "Pictures that go through the model at a time.")
  var batch = 4

  func validate() throws {
    guard !paths.isEmpty else { throw ValidationError("name at least one picture or folder") }
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1") }
  }

  func run() throws {
    let model = try Model(
      contentsOf: model, weights: weights, precision: computing.precision, device: Device(computing.device))
    significance.warn(of: model)
    let options = significance.inspection.resolved(for: model.configuration)
    let inputs = InputPictures(paths)
    var failures = inputs.failures
    for failure in failures { show(failure.path, error: failure.reason) }
    let writer = try output.map { try ResultWriter(folder: $0, inputs: inputs.pictures) }
    var index = 0
    try model.configuration.forEachBatch(of: inputs.pictures.map(\.path), size: batch) { prepared in
      let inspections = try model.inspectEach(prepared, options: options)
      for (result, path) in zip(inspections, inputs.pictures[index...].map(\.path)) {
        do {
          let inspection = try result.get()
          let found = try Finding(inspection)
          let files = try writer?.write(found, index: index)
          show(found, test: options.test, files: files)
        } catch let error as OutputError {
          throw error
        } catch {
          failures.append((path, "\(error)"))
          show(path, error: "\(error)")
        }
        index += 1
      }
    }
    if index == 0 && failures.isEmpty {
      throw ValidationError("there are no pictures in \(paths.joined(separator: ", "))")
    }
    if !failures.isEmpty { throw ExitCode(1) }
  }

  private func show(_ found: Finding, test: InspectionOptions.Test, files: ResultFiles?) {
    let inspection = found.inspection
    guard !json else {
      print(PredictionJSON(found, test: test, files: files).line)
      return
    }
    print(
      "\(inspection.path): \(inspection.isAnomalous ? "ANOMALOUS" : "good")  score \(decimal(inspection.score, 4))"
        + "  log NFA \(decimal(inspection.logNFA, 1))")
    for region in found.regions {
      print(
        "  region \(region.width)x\(region.height) at (\(region.x), \(region.y)), area \(region.area), centroid "
          + "(\(decimal(region.centroidX, 1)), \(decimal(region.centroidY, 1))), log NFA \(decimal(region.logNFA, 1))"
      )
    }
  }

  private func show(_ path: String, error: String) {
    if json { print(PredictionJSON.line(path: path, error: error)) } else { complain("\(error)") }
  }
}

/// An inspection with its segmentation at the picture's own size.
struct Finding {
  let inspection: Inspection
  let mask: Mask
  let regions: [FoundRegion]

  init(_ inspection: Inspection) throws {
    self.inspection = inspection
    let map = try inspection.logNFAMapOfPicture()
    mask = inspection.mask(of: map)
    regions = inspection.regions(of: mask, in: map)
  }
}

extension Model {
  /// Inspects the pictures of a batch that could be read; the others keep their errors.
  func inspectEach(
    _ prepared: [Result<PreparedPicture, any Error>], options: InspectionOptions
  ) throws -> [Result<Inspection, any Error>] {
    let readable = prepared.compactMap { try? $0.get() }
    var inspections: [Result<Inspection, any Error>]
    do {
      inspections = try inspect(readable, options: options).map { .success($0) }
    } catch {
      inspections = readable.map { picture in Result { try inspect([picture], options: options)[0] } }
    }
    return prepared.map { result in
      if case .failure(let error) = result { return .failure(error) }
      return inspections.removeFirst()
    }
  }
}

/// What `--json` prints of a picture.
struct PredictionJSON: Encodable {
  struct Region: Encodable {
    struct Point: Encodable {
      var x: Double
      var y: Double
    }
    var x: Int
    var y: Int
    var width: Int
    var height: Int
    var area: Int
    var centroid: Point
    var logNFA: Double

    enum CodingKeys: String, CodingKey {
      case x, y, width, height, area, centroid
      case logNFA = "log_nfa"
    }
  }

  var path: String
  var anomalous: Bool
  /// The a contrario test that decided.
  var test: InspectionOptions.Test
  var score: Double
  var logNFA: Double
  var width: Int
  var height: Int
  var regions: [Region]
  var files: ResultFiles?

  enum CodingKeys: String, CodingKey {
    case path, anomalous, test, score, width, height, regions, files
    case logNFA = "log_nfa"
  }

  init(_ found: Finding, test: InspectionOptions.Test, files: ResultFiles?) {
    let inspection = found.inspection
    path = inspection.path
    anomalous = inspection.isAnomalous
    self.test = test
    score = inspection.score
    logNFA = inspection.logNFA
    width = inspection.width
    height = inspection.height
    regions = found.regions.map {
      Region(
        x: $0.x, y: $0.y, width: $0.width, height: $0.height, area: $0.area,
        centroid: .init(x: $0.centroidX, y: $0.centroidY), logNFA: $0.logNFA)
    }
    self.files = files
  }

  /// The object as one line.
  var line: String { jsonLine(self) }

  static func line(path: String, error: String) -> String { jsonLine(["path": path, "error": error]) }
}

/// A value as JSON on one line, keys in order.
func jsonLine(_ value: some Encodable) -> String {
  (try? JSONEncoder.stable.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
}
