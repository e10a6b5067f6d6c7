import BlemishCore
import BlemishSupport
import Foundation

/// What the results in a folder are of: the content of `scoring.json`. Every shard writes the same, and finds there
/// whether its results belong with the others'.
public struct ScoringRun: Sendable, Codable, Equatable {
  /// Where the manifest was.
  public var manifest: String
  /// SHA-256 over ids, names and models of its pictures, without the signatures of addresses.
  public var manifestHash: String
  /// How many pictures it lists.
  public var pictures: Int
  /// How many shards there are.
  public var shards: Int
  /// The model that judges where the manifest names none.
  public var model: ModelIdentity?
  /// How it is judged.
  public var options: ScoringOptions
  /// The version of Blemish.
  public var blemish: String

  static let fileName = "scoring.json"

  /// The run whose results a folder holds; nil where there are none yet.
  /// - Throws: `FileSystemError`; ``ScoringError/damagedRun(path:problem:)``.
  public init?(folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    guard FileStatus(path) != nil else { return nil }
    let data = try readRegularFile(path)
    do {
      self = try JSONDecoder().decode(ScoringRun.self, from: data)
    } catch {
      throw ScoringError.damagedRun(path: path, problem: (error as? DecodingError)?.summary ?? "\(error)")
    }
    guard shards >= 1, options.partSize >= 1 else {
      throw ScoringError.damagedRun(path: path, problem: "its numbers make no shards")
    }
  }

  init(
    _ manifest: Manifest, hash: String, pictures: Int, shards: Int, model: ModelIdentity?,
    options: ScoringOptions
  ) {
    (self.manifest, manifestHash, self.pictures) = (manifest.path, hash, pictures)
    (self.shards, self.model, self.options) = (shards, model, options)
    blemish = blemishVersion
  }

  /// Writes what the results in the folder are of, or checks that those that are there are of the same.
  func join(_ folder: String) throws {
    try makeFolder(folder)
    if try ScoringRun(folder: folder) == nil {
      try writeText(try stableJSON(self) + "\n", to: "\(folder)/\(Self.fileName)")
    }
    // Two shards that begin at once both write; what lies there then holds for both.
    guard let there = try ScoringRun(folder: folder) else { throw ScoringError.noRun(folder: folder) }
    let differences = differences(from: there)
    guard differences.isEmpty else { throw ScoringError.otherRun(folder: folder, differences: differences) }
  }

  private func differences(from other: ScoringRun) -> [String] {
    let found: [(String, Bool)] = [
      ("manifest", manifestHash != other.manifestHash), ("number of shards", shards != other.shards),
      ("model", model != other.model), ("size of parts", options.partSize != other.options.partSize),
      ("version of Blemish", blemish != other.blemish),
    ]
    var rest = (options, other.options)
    (rest.0.partSize, rest.1.partSize) = (0, 0)
    return (found + [("set of options", rest.0 != rest.1)]).filter(\.1).map(\.0)
  }

  /// The name of a part's file.
  func fileName(shard: Int, part: Int) -> String {
    func digits(_ number: Int, _ count: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(count - text.count, 0)) + text
    }
    return "part-\(digits(shard, 5))-of-\(digits(shards, 5))-\(digits(part, 6)).jsonl"
  }
}

/// A hash over what results depend on of a manifest's rows.
struct ManifestHash: ~Copyable {
  private var hash = SHA256()
  private(set) var count = 0

  mutating func add(_ row: ManifestRow) {
    // Lengths before texts: no two lists of rows give the same bytes.
    for text in [row.id, row.name, row.model ?? ""] {
      hash.update("\(text.utf8.count) ")
      hash.update(text)
    }
    count += 1
  }

  consuming func text() -> String { hexadecimal(hash.finalize()) }
}
