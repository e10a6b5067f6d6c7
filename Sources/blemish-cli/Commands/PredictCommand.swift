import ArgumentParser
import BlemishCore
import BlemishSupport
import BlemishTorch
import Foundation

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says of pictures whether, where and how surely something is wrong.",
    discussion: """
      A picture is ANOMALOUS when fewer regions like its most significant one are expected in a picture of a good part \
      than are accepted. It is to be reviewed (REVIEW) when that holds at the second, more generous limit. The model holds \
      both limits; --false-alarms and --review replace them. Boxes and centroids are in the picture's own pixels.

      Names of files may hold any bytes. In JSON, each byte that is no UTF-8 is one character from U+EF80 (for 0x80) to \
      U+EFFF (for 0xFF). Elsewhere it is written \\x and two digits, as control characters are.

      The exit status is 0 whatever the verdicts, 1 when a picture could not be read, 2 for wrong usage. With --fail-on it \
      is 3 when a picture has that verdict or a worse one.
      """)

  @Argument(help: "The model that 'blemish train' wrote.")
  var model: String

  @Argument(help: "Pictures, folders of pictures, or patterns such as 'line1/*.png'.")
  var paths: [String] = []

  @OptionGroup var sharding: ManifestOptions

  @Option(
    help: """
      A folder for an overlay, the heat map and the mask of every picture. Each lies at the place below it that the \
      picture's path names.
      """)
  var output: String?

  @Option(
    help: """
      png: the heat map in colours, black to yellow; the limit is in the middle of the scale. raw: log NFA of every \
      pixel, as a TIFF of 32-bit numbers.
      """)
  var heatMap = ResultWriter.HeatMap.png

  @Option(
    help:
      "Regions of fewer pixels are not listed. Without, those smaller than a cell of the detector's finest grid."
  )
  var minArea: Int?

  @Option(
    help: ArgumentHelp(
      "Copies the pictures of a verdict into a folder, such as anomalous=FOLDER. May be given several times.",
      valueName: "verdict=folder"))
  var copy: [VerdictFolder] = []

  @OptionGroup var force: ForceOption

  @OptionGroup var significance: SignificanceOptions

  @Flag(help: "Prints one JSON object a line.")
  var json = false

  @Flag(help: "Prints a table of comma-separated values, a line a picture.")
  var csv = false

  @Option(help: "The side of a picture's pixel in millimetres: regions are measured in millimetres, too.")
  var pixelSize: Double?

  @Option(help: "A file for the regions' outlines as COCO annotations, in JSON.")
  var coco: String?

  @Flag(help: "Writes the regions' outlines as SVG, too, into the folder of --output.")
  var svg = false

  @Flag(help: "Puts the SHA-256 of each picture's file into the JSON.")
  var hash = false

  @Option(help: "Ends with status 3 when a picture has this verdict or a worse one: review or anomalous.")
  var failOn: Verdict?

  @Flag(help: "A picture that is unlike the training pictures is not judged, but is an error.")
  var refuseUnlike = false

  @Flag(name: .shortAndLong, help: "Shows no progress and no summary.")
  var quiet = false

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Judges with a model whose training is not finished, too.")
  var unfinished = false

  @OptionGroup var computing: ComputingOptions

  @Option(help: "Pictures that a large network, or a GPU, sees at a time. Small networks see one a thread.")
  var batch = 4

  func validate() throws {
    if sharding.manifest != nil {
      try validateManifest()
    } else {
      guard !paths.isEmpty else { throw ValidationError("name at least one picture or folder") }
    }
    guard batch >= 1 else { throw ValidationError("--batch must be at least 1") }
    guard !(json && csv) else { throw ValidationError("--json and --csv exclude each other") }
    guard !hash || json || sharding.manifest != nil else { throw ValidationError("--hash belongs to --json") }
    guard minArea ?? 0 >= 0 else { throw ValidationError("--min-area must be at least 0") }
    guard failOn != .good else { throw ValidationError("--fail-on takes review or anomalous") }
    if let pixelSize, !(pixelSize > 0 && pixelSize.isFinite) {
      throw ValidationError("--pixel-size must be greater than 0")
    }
    guard pixelSize == nil || json || sharding.manifest != nil else {
      throw ValidationError("--pixel-size belongs to --json")
    }
    guard !svg || output != nil else { throw ValidationError("--svg belongs to --output") }
    if let coco { _ = try fileDestination(coco, option: "--coco") }
    try checkFolder(output, option: "--output")
    for copy in copy { try checkFolder(copy.folder, option: "--copy") }
  }

  func run() throws {
    Interruption.listen()
    if let manifest = sharding.manifest, let output { return try score(manifest, into: output) }
    let model = try reading.model(model, computing, allowingUnfinished: unfinished)
    significance.warn(of: model)
    let inputs = InputPictures(paths)
    let writer = try output.map {
      try ResultWriter(
        folder: $0, inputs: inputs.pictures, heatMap: heatMap,
        replacing: force.replacement(.resultPicture, OutlineSVG.file))
    }
    let copier = try VerdictCopier(copy, inputs: inputs.pictures, force: force.force)
    let identity = model.configuration.file
    var listing = VerdictListing(
      style: json ? .json : csv ? .csv : .text, count: inputs.pictures.count, quiet: quiet)
    for note in inputs.notes { complain("note: \(note)") }
    for failure in inputs.failures { listing.add(failure: failure.path, failure.reason) }
    let (hashes, refuses) = (hash, refuseUnlike)
    let drawsSVG = svg
    let annotationsReplacing = force.replacement(COCOListing.file)
    if let coco { try AtomicFile.check(coco, replacing: annotationsReplacing) }
    var annotations = COCOListing()
    try model.inspectEach(
      contentsOf: inputs.pictures.map(\.path), options: significance.inspection, batch: batch
    ) {
      index, inspection -> Result<FindingJSON, any Error> in
      do {
        let found = try Finding(inspection.get(), minimumArea: minArea)
        if refuses, found.verdict == .unlike {
          let reasons = found.inspection.unlikeness.map(\.rawValue).joined(separator: ", ")
          throw ToolError(
            "\(printable(inputs.pictures[index].path)): is unlike the training pictures (\(reasons)) and not judged"
          )
        }
        let path = inputs.pictures[index].path
        var files = try writer?.write(found, index: index)
        try copier.copy(index: index, found.verdict)
        var result = FindingJSON(
          found, model: identity, sha256: hashes ? try fileHash(path) : nil, pixelSize: pixelSize)
        if drawsSVG { files?["outlines"] = try writer?.write(svg: OutlineSVG.text(result), index: index) }
        result.files = files
        return .success(result)
      } catch let error as OutputError {
        throw error
      } catch {
        return .failure(error)
      }
    } inOrder: { index, result in
      switch result {
      case .success(let found):
        listing.add(found)
        if coco != nil { annotations.add(found) }
      case .failure(let error):
        listing.add(failure: inputs.pictures[index].path, ErrorAdvice.text(of: error))
      }
    }
    guard !inputs.pictures.isEmpty || !inputs.failures.isEmpty else {
      throw ToolError("there are no pictures in \(paths.map(printable).joined(separator: ", "))")
    }
    if let coco {
      try writeText(try stableJSON(annotations) + "\n", to: coco, replacing: annotationsReplacing)
    }
    listing.finish()
    if let failOn, listing.worst >= failOn { throw ExitCode(3) }
    if listing.failures > 0 { throw ExitCode(1) }
  }
}

extension Verdict: ExpressibleByArgument {}
