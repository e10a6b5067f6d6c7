import BlemishBackbones
import BlemishFiles
import BlemishSupport
import Foundation

extension WeightCache {
  /// Takes over a local file, whichever published weights it holds: safetensors or PyTorch's `.pth`, `.pt`,
  /// `.ckpt`. The classifier, and whatever else the backbone does not use, is left out.
  /// - Parameter name: the weights, or the backbone, that the file must be of; without, its tensors tell.
  /// - Throws: an error that names the file and says what is missing or wrong; the cache is then as before.
  public func importFile(_ path: String, as name: String? = nil) throws -> [CachedWeights] {
    let wanted = try name.map(components(named:)) ?? components
    return try take(wanted, from: path, source: path, hash: fileHash(path))
  }

  /// Checks that a file holds at least one of the wanted components whole, and writes those it holds.
  func take(
    _ wanted: [BackboneDescription.Component],
    from path: String,
    source: String,
    hash: String
  ) throws -> [CachedWeights] {
    let stateDict = try WeightFile(readingAny: path).tensors
    var found: [(component: BackboneDescription.Component, tensors: [String: StoredTensor])] = []
    for component in wanted {
      do {
        guard let tensors = try component.tensors(in: stateDict) else { continue }
        try component.check(tensors)
        found.append((component, tensors))
      } catch {
        throw WeightsError.unusable(source: source, problem: "not usable as \(component.name): \(error)")
      }
    }
    guard !found.isEmpty else {
      throw WeightsError.unusable(source: source, problem: difference(of: stateDict, from: wanted))
    }
    try makeFolder()
    return try found.map { component, tensors in
      let path = self.path(of: component)
      let metadata = [
        "format": "pt", "backbone": component.name, "source": source, "sha256": hash,
        "licence": component.source.licence,
      ]
      try SafeTensors.write(WeightFile(tensors: tensors, metadata: metadata), to: path)
      return CachedWeights(
        name: component.name,
        path: path,
        hash: hash,
        check: HashCheck(hash, against: component.source.hash)
      )
    }
  }

  private func difference(
    of stateDict: [String: StoredTensor],
    from wanted: [BackboneDescription.Component]
  ) -> String {
    if let only = wanted.first, wanted.count == 1 {
      return "not the weights of \(only.name): \(only.difference(from: stateDict))"
    }
    let names = wanted.map(\.name).joined(separator: ", ")
    return
      "holds none of the weights that Blemish knows (\(names)) among its "
      + "\(stateDict.count) tensors"
  }
}

/// Weights that have come into the cache.
public struct CachedWeights: Sendable {
  /// The weights' name.
  public let name: String
  /// Their file in the cache.
  public let path: String
  /// The SHA-256 of the file that they came in.
  public let hash: String
  /// How that compares with what was published.
  public let check: HashCheck
}

/// How a file's SHA-256 compares with the published one.
public enum HashCheck: Sendable, Equatable {
  /// As many first digits of it as are known, up to all 64, agree.
  case agrees(digits: Int)
  /// It is another file than the published one.
  case differs
  /// None is published.
  case unknown

  init(_ hash: String, against published: String?) {
    guard let published else {
      self = .unknown
      return
    }
    self = hash.hasPrefix(published) ? .agrees(digits: published.count) : .differs
  }
}

/// The SHA-256 of a file's bytes, in hexadecimal.
/// - Throws: `FileSystemError`.
func fileHash(_ path: String) throws -> String {
  let file = try RegularFile(path)
  var hash = SHA256()
  for start in stride(from: 0, to: file.count, by: 1 << 20) {
    hash.update(try file.bytes(at: start, count: min(1 << 20, file.count - start)))
  }
  try file.requireUnchanged()
  return hexadecimal(hash.finalize())
}
