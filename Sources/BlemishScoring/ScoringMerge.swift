import BlemishCore
import BlemishSupport
import Foundation

/// Puts the parts of all shards together, and finds what is missing or double.
public struct ScoringMerge: Sendable {
  /// A line of a part: a picture's finding, or why there is none.
  public enum Line: Sendable {
    /// What was found in it.
    case finding(FindingJSON)
    /// Why it could not be judged.
    case failure(id: String, path: String, error: String)

    /// What the picture is called.
    public var id: String {
      switch self {
      case .finding(let finding): finding.id ?? finding.path
      case .failure(let id, _, _): id
      }
    }
  }

  /// What the results are of.
  public let run: ScoringRun
  private let folder: String
  private let manifest: Manifest

  /// The results in a folder.
  /// - Parameter manifest: where the manifest is now; nil for where it was.
  /// - Throws: ``ScoringError``, `FileSystemError`.
  public init(folder: String, manifest: String? = nil) throws {
    guard let run = try ScoringRun(folder: folder) else { throw ScoringError.noRun(folder: folder) }
    self.run = run
    self.folder = folder
    self.manifest = Manifest(manifest ?? run.manifest)
  }

  /// Goes through all parts, shard by shard.
  /// - Parameters:
  ///   - line: takes each picture's result.
  ///   - missing: takes the id of each picture whose part is not there, or is not whole.
  ///   - double: takes the id of each picture beyond the first that the manifest calls the same.
  /// - Throws: ``ScoringError``, `FileSystemError`, what the closures throw.
  public func forEach(
    line: (Line) throws -> Void, missing: (String) throws -> Void, double: (String) throws -> Void
  ) throws -> ScoringSummary {
    // Of each row its id's hash alone: eight bytes, of tens of millions.
    var shards = Array(repeating: Division<UInt64>(), count: run.shards)
    var hash = ManifestHash()
    var ids: Set<UInt64> = []
    var summary = ScoringSummary()
    try manifest.forEachRow { row in
      hash.add(row)
      let key = Self.key(row.id)
      if !ids.insert(key).inserted {
        summary.doublePictures += 1
        try double(row.id)
      }
      shards[Shard.index(of: row.id, among: run.shards)].add(key, model: row.model)
    }
    guard hash.text() == run.manifestHash else {
      throw ScoringError.otherManifest(path: manifest.path, folder: folder)
    }
    ids = []
    let names = Set(try folderEntries(folder).filter { $0.hasPrefix("part-") && $0.hasSuffix(".jsonl") })
    var known: Set<String> = []
    var absent: Set<UInt64> = []
    for (shard, division) in shards.enumerated() {
      for part in division.parts(of: run.options.partSize) {
        let name = run.fileName(shard: shard, part: part.index)
        known.insert(name)
        summary.parts += 1
        guard names.contains(name) else {
          summary.missingParts.append(name)
          absent.formUnion(part.elements)
          continue
        }
        guard let lines = try lines("\(folder)/\(name)", of: part.elements) else {
          summary.damagedParts.append(name)
          absent.formUnion(part.elements)
          continue
        }
        for found in lines {
          summary.add(found)
          try line(found)
        }
      }
    }
    summary.foreignParts = names.subtracting(known).sorted()
    guard !absent.isEmpty else { return summary }
    try manifest.forEachRow { row in
      guard absent.contains(Self.key(row.id)) else { return }
      summary.missingPictures += 1
      try missing(row.id)
    }
    return summary
  }

  /// The lines of a part; nil where they are not those of its pictures.
  private func lines(_ path: String, of keys: [UInt64]) throws -> [Line]? {
    let data = try readRegularFile(path)
    let texts = data.split(separator: UInt8(ascii: "\n"))
    guard data.last == UInt8(ascii: "\n"), texts.count == keys.count else { return nil }
    let decoder = JSONDecoder()
    var lines: [Line] = []
    for (text, key) in zip(texts, keys) {
      let line: Line
      if let finding = try? decoder.decode(FindingJSON.self, from: text) {
        line = .finding(finding)
      } else if let failure = try? decoder.decode(ScoredFailure.self, from: text) {
        line = .failure(id: failure.id, path: failure.path, error: failure.error)
      } else {
        return nil
      }
      guard Self.key(line.id) == key else { return nil }
      lines.append(line)
    }
    return lines
  }

  private static func key(_ id: String) -> UInt64 {
    SHA256.hash(Array(id.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
