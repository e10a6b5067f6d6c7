import ArgumentParser
import BlemishCore
import BlemishSupport
import BlemishTorch
import Foundation

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says of pictures whether, where and how surely something is wrong.",
    discussion: """
      A picture is anomalous when its most significant region has log NFA < 0: fewer than one region like it is \
      expected in a picture of a good part; with --false-alarms F, fewer than F. Boxes and centroids are in the \
      picture's own pixels.

      Names of files may hold any bytes. In JSON, each byte that is no UTF-8 is one character from U+EF80 (for 0x80) to \
      U+EFFF (for 0xFF); elsewhere it is written \\x and two digits, as control characters are.

      The exit status is 0 whatever the verdicts, 1 when a picture could not be read, 2 for wrong usage.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "Pictures, folders of pictures, or patterns such as 'line1/*.png'.")
  var paths: [String]

  @Option(help: "A folder for an overlay, the heat map and the mask of every picture, as PNG.")
  var output: String?

  @OptionGroup var force: ForceOption

  @OptionGroup var significance: SignificanceOptions

  @Flag(help: "Prints one JSON object a line.")
  var json = false

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Judges with a model whose training is not finished, too.")
  var unfinished = false

  @OptionGroup var computing: ComputingOptions

  @Option(help: "Pictures that a large network, or a GPU, sees at a time. Small networks see one a thread.")
  var batch = 4

  func validate() throws {
    guard !paths.isEmpty else { throw ValidationError("name at least one picture or folder") }
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1") }
    try checkFolder(output, option: "--output")
  }

  func run() throws {
    Interruption.listen()
    let model = try reading.model(model, computing, allowingUnfinished: unfinished)
    significance.warn(of: model)
    let options = significance.inspection.resolved(for: model.configuration)
    let inputs = InputPictures(paths)
    var failures = inputs.failures
    for failure in failures { show(failure.path, error: failure.reason) }
    let writer = try output.map {
      try ResultWriter(folder: $0, inputs: inputs.pictures, replacing: force.replacement(.resultPicture))
    }
    try model.inspectEach(contentsOf: inputs.pictures.map(\.path), options: options, batch: batch) {
      index, inspection -> Result<(Finding, [String: String]?), any Error> in
      do {
        let found = try Finding(inspection.get(), test: options.test)
        return .success((found, try writer?.write(found, index: index)))
      } catch let error as OutputError {
        throw error
      } catch {
        return .failure(error)
      }
    } inOrder: { index, result in
      switch result {
      case .success((let found, let files)): show(found, files: files)
      case .failure(let error):
        let text = ErrorAdvice.text(of: error)
        failures.append((inputs.pictures[index].path, text))
        show(inputs.pictures[index].path, error: text)
      }
    }
    if inputs.pictures.isEmpty && failures.isEmpty {
      throw ToolError("there are no pictures in \(paths.map(printable).joined(separator: ", "))")
    }
    if !failures.isEmpty { throw ExitCode(1) }
  }

  private func show(_ found: Finding, files: [String: String]?) {
    let inspection = found.inspection
    guard !json else {
      print(FindingJSON(found, files: files).line)
      return
    }
    print(
      "\(printable(inspection.frame.path)): \(inspection.isAnomalous ? "ANOMALOUS" : "good")  score \(decimal(inspection.score, 4))"
        + "  log NFA \(decimal(inspection.logNFA, 1))")
    for region in found.regions {
      print(
        "  region \(region.width)x\(region.height) at (\(region.x), \(region.y)), area \(region.area), centroid "
          + "(\(decimal(region.centroidX, 1)), \(decimal(region.centroidY, 1))), log NFA \(decimal(region.logNFA, 1))"
      )
    }
  }

  private func show(_ path: String, error: String) {
    if json { print(FindingJSON.line(path: path, error: error)) } else { complain("\(error)") }
  }
}
