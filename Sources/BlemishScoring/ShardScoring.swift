import BlemishCore
import BlemishImaging
import BlemishSupport
import BlemishWeights
import Foundation
import Synchronization

/// Judges the pictures of a manifest that are one shard's, and writes their results in parts: a JSON object a line, a file
/// a part.
///
/// A part takes its place by renaming, once it is whole. One that is there is not computed again, so a shard that was
/// killed goes on where it was. The lines depend on pictures, models and options alone: the same shards have the same
/// bytes whatever was interrupted (for large networks with the same number of threads).
public struct ShardScoring: Sendable {
  /// What it tells as it goes.
  public enum Event: Sendable {
    /// It begins: this many parts of all are there already, with this many pictures of all.
    case began(parts: Int, of: Int, pictures: Int, ofPictures: Int)
    /// This many pictures of the shard's are judged, with those of parts that are not yet finished.
    case judged(Int)
    /// A part is finished; so many of its pictures could not be judged.
    case finished(part: String, pictures: Int, failures: Int)
    /// A part could not be finished now; another run tries it again.
    case failed(part: String, reason: String)
  }

  /// How it ended.
  public struct Outcome: Sendable, Equatable {
    /// The parts of the shard that are there now.
    public var parts: Int
    /// Those that could not be finished.
    public var unfinished: Int
    /// The pictures that were judged now, and of those the ones that could not be.
    public var pictures: Int
    /// Pictures that could not be judged: their lines say why.
    public var failures: Int
  }

  /// Where an address is read from: how often it is tried, and how many at a time.
  public struct Reading: Sendable {
    /// Pictures that are fetched at a time.
    public var connections = 8
    /// How often an address is tried before its part is left for another run.
    public var attempts = 5
    /// Seconds before the second attempt; each further pause is twice as long.
    public var pause = 1.0

    /// The usual choices.
    public init() {}
  }

  private let folder: String
  private let run: ScoringRun
  private let parts: [Division<ManifestRow>.Part]
  private let shard: Shard
  private let reading: Reading

  /// The work of one shard, whose results go to a folder. Nothing is judged yet.
  /// - Parameters:
  ///   - folder: made if there is none. All shards share it.
  ///   - model: the model that judges where the manifest names none: its `ModelConfiguration.file`.
  /// - Throws: ``ScoringError``, `FileSystemError`.
  public init(
    _ manifest: Manifest, shard: Shard, folder: String, model: ModelIdentity?,
    options: ScoringOptions = .init(),
    reading: Reading = .init()
  ) throws {
    var hash = ManifestHash()
    var division = Division<ManifestRow>()
    try manifest.forEachRow { row in
      hash.add(row)
      if shard.has(row.id) { division.add(row, model: row.model) }
    }
    let count = hash.count
    guard count > 0 else { throw ScoringError.empty(path: manifest.path) }
    run = ScoringRun(
      manifest, hash: hash.text(), pictures: count, shards: shard.count, model: model, options: options)
    try run.join(folder)
    AtomicFile.removeLeftovers(in: folder)
    parts = division.parts(of: options.partSize)
    (self.folder, self.shard, self.reading) = (folder, shard, reading)
  }

  /// How many pictures are the shard's.
  public var pictures: Int { parts.reduce(0) { $0 + $1.elements.count } }

  /// Parts that fail one after the other before it is given up.
  private static let patience = 3

  /// Judges what is not there yet.
  /// - Parameter model: reads the model of a path that the manifest names, or, for nil, the one that judges the others;
  ///   asked once for each run of its parts.
  /// - Throws: ``ScoringError/gaveUp(parts:reason:)``; `FileSystemError` where a part cannot be written;
  ///   `CancellationError` where the task was cancelled: finished parts stay.
  public func run(
    model: (String?) throws -> Model, report: (Event) -> Void = { _ in }
  ) throws -> Outcome {
    var open: [Division<ManifestRow>.Part] = []
    var outcome = Outcome(parts: 0, unfinished: 0, pictures: 0, failures: 0)
    var there = 0
    for part in parts {
      if FileStatus(path(part)) != nil {
        outcome.parts += 1
        there += part.elements.count
      } else {
        open.append(part)
      }
    }
    report(.began(parts: outcome.parts, of: parts.count, pictures: there, ofPictures: pictures))
    var loaded: (path: String?, model: Model)?
    var failed = 0
    for part in open {
      try Task.checkCancellation()
      do {
        if loaded == nil || loaded?.path != part.model {
          loaded = nil
          loaded = (part.model, try model(part.model))
        }
        guard let model = loaded?.model else { continue }
        let done = outcome.pictures + there
        let (lines, failures) = try lines(part.elements, model) { report(.judged(done + $0)) }
        try AtomicFile.replace(path(part), with: lines)
        outcome.parts += 1
        outcome.pictures += part.elements.count
        outcome.failures += failures
        failed = 0
        report(.finished(part: name(part), pictures: part.elements.count, failures: failures))
      } catch let error as CancellationError {
        throw error
      } catch let error as FileSystemError where error.path == path(part) {
        throw error
      } catch {
        outcome.unfinished += 1
        failed += 1
        report(.failed(part: name(part), reason: "\(error)"))
        if failed >= Self.patience, outcome.parts + outcome.unfinished < parts.count {
          throw ScoringError.gaveUp(parts: failed, reason: "\(error)")
        }
      }
    }
    return outcome
  }

  private func name(_ part: Division<ManifestRow>.Part) -> String {
    run.fileName(shard: shard.index, part: part.index)
  }

  private func path(_ part: Division<ManifestRow>.Part) -> String { "\(folder)/\(name(part))" }

  /// The lines of a part, and how many of them are of pictures that could not be judged.
  /// - Throws: the error of a picture that may be read another time.
  private func lines(
    _ rows: [ManifestRow], _ model: Model, progress: (Int) -> Void
  ) throws -> (lines: [Data], failures: Int) {
    let reading = reading
    let source = PictureSource(rows, connections: max(reading.connections, 1)) {
      WebFiles(attempts: reading.attempts, pause: reading.pause)
    }
    defer { source.stop() }
    let options = run.options
    let identity = model.configuration.file
    let preprocessor = model.configuration.preprocessor
    let hashes = Mutex<[Int: String]>([:])
    var lines: [Data] = []
    var failures = 0
    try model.inspectEach(
      rows.count,
      frame: { index in
        let data = try source.contents(index)
        if options.hashes { hashes.withLock { $0[index] = hexadecimal(SHA256.hash(data)) } }
        let picture = try Picture(decoding: data, name: rows[index].name, options: preprocessor.decoding)
        return try preprocessor(picture, from: rows[index].name)
      }, options: options.inspection, batch: options.batch
    ) { index, inspection -> (line: String, isFailure: Bool) in
      let row = rows[index]
      do {
        let found = try Finding(inspection.get(), minimumArea: options.minimumArea)
        if options.refusesUnlike, found.verdict == .unlike {
          let reasons = found.inspection.unlikeness.map(\.rawValue).joined(separator: ", ")
          let text = "is unlike the training pictures (\(reasons)) and not judged"
          return (try stableJSON(ScoredFailure(row, text)), true)
        }
        let finding = FindingJSON(
          found, model: identity, sha256: hashes.withLock { $0[index] }, pixelSize: options.pixelSize,
          time: nil,
          id: row.id)
        return (try stableJSON(finding), false)
      } catch {
        guard let text = lastingProblem(of: error) else { throw error }
        return (try stableJSON(ScoredFailure(row, text)), true)
      }
    } inOrder: { index, result in
      lines.append(Data((result.line + "\n").utf8))
      if result.isFailure { failures += 1 }
      progress(index + 1)
    }
    return (lines, failures)
  }
}
