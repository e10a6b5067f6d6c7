import ArgumentParser
import BlemishCore
import BlemishScoring
import BlemishSupport
import BlemishTorch
import Foundation

/// The pictures of a manifest instead of those on the command line.
struct ManifestOptions: ParsableArguments {
  @Option(
    help: """
      A file that lists pictures, a line each: a path, an address (http, https), or a JSON object with path and, where \
      wanted, id and model. Relative paths start at its folder. The results go to the folder of --output, as JSON lines in \
      parts (*.jsonl) that are not computed again where they are there; 'blemish merge' puts them together.
      """)
  var manifest: String?

  @Option(
    help: """
      Judges a part of the manifest alone, I/N with I from 0: the pictures whose id's hash is I modulo N. auto: as a \
      Kubernetes Indexed Job, a Slurm array or torchrun says.
      """)
  var shard: String?

  @Option(help: "Pictures in a part of the results.")
  var partSize = ScoringOptions().partSize

  @Option(help: "Pictures that are fetched from addresses at a time.")
  var connections = ShardScoring.Reading().connections

  func validate() throws {
    guard shard == nil || manifest != nil else { throw ValidationError("--shard belongs to --manifest") }
    guard (1...1_000_000).contains(partSize) else {
      throw ValidationError("--part-size must be from 1 to 1000000")
    }
    guard (1...256).contains(connections) else {
      throw ValidationError("--connections must be from 1 to 256")
    }
    if shard != "auto" { _ = try shardOption(shard) }
  }

  /// The shard that is meant.
  var chosenShard: Shard {
    get throws { try shardOption(shard) }
  }
}

/// The shard that a text names, or the cluster for `auto`; the whole for nil.
func shardOption(_ text: String?) throws -> Shard {
  do {
    switch text {
    case nil: return .whole
    case "auto"?: return try Shard(environment: ProcessInfo.processInfo.environment)
    case let text?: return try Shard(text)
    }
  } catch {
    throw ValidationError("--shard: \(error)")
  }
}

extension Predict {
  /// Checks that nothing is asked for that parts of results do not have.
  func validateManifest() throws {
    guard paths.isEmpty else { throw ValidationError("name pictures or --manifest, not both") }
    guard output != nil else { throw ValidationError("--manifest needs the folder of --output") }
    let others: [(String, Bool)] = [
      ("--copy", !copy.isEmpty), ("--csv", csv), ("--json", json), ("--coco", coco != nil), ("--svg", svg),
      ("--fail-on", failOn != nil),
    ]
    if let (name, _) = others.first(where: \.1) {
      throw ValidationError("\(name) does not go with --manifest")
    }
  }

  /// Judges the pictures of a manifest, or a shard of them.
  func score(_ manifest: String, into folder: String) throws {
    let shard = try sharding.chosenShard
    var options = ScoringOptions()
    options.inspection = significance.inspection
    options.minimumArea = minArea
    options.pixelSize = pixelSize
    options.hashes = hash
    options.refusesUnlike = refuseUnlike
    options.batch = batch
    options.precision = computing.precision.rawValue
    options.partSize = sharding.partSize
    var reading = ShardScoring.Reading()
    reading.connections = sharding.connections
    let usual = try Model.configuration(ofFile: model).file
    let scoring = try ShardScoring(
      Manifest(manifest), shard: shard, folder: folder, model: usual, options: options, reading: reading)
    let progress = ProgressLine(quiet: quiet)
    let start = ContinuousClock.now
    var (there, all) = (0, 0)
    var kept: Model?
    let outcome = try scoring.run { path in
      guard path != nil || kept == nil else { return kept! }
      let read = try self.reading.model(path ?? model, computing, allowingUnfinished: unfinished)
      significance.warn(of: read)
      if path == nil { kept = read }
      return read
    } report: { event in
      switch event {
      case .began(let parts, let allParts, let pictures, let allPictures):
        (there, all) = (pictures, allPictures)
        progress.line(
          "shard \(shard): \(allPictures) pictures in \(allParts) parts, \(parts) of them are there")
      case .judged(let done):
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let left = seconds / Double(max(done - there, 1)) * Double(all - done)
        progress.rewrite("\(done) of \(all) pictures  \(duration(max(left, 0))) left", final: false)
      case .finished: break
      case .failed(let part, let reason):
        progress.finish()
        complain("\(part): not finished: \(reason)")
      }
    }
    progress.finish()
    if !quiet {
      let rate = Double(outcome.pictures) / max((ContinuousClock.now - start) / .seconds(1), 1e-6)
      complain(
        "shard \(shard): \(outcome.pictures) pictures judged, \(outcome.failures) of them unreadable; "
          + "\(outcome.parts) parts are there, \(outcome.unfinished) are not; \(decimal(rate, 1)) pictures/s")
    }
    // Pictures that cannot be read are results, too: a cluster would start the same shard again and again.
    if outcome.unfinished > 0 { throw ExitCode(1) }
  }
}
