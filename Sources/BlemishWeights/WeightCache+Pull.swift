import BlemishBackbones
import BlemishFiles
import BlemishSupport
import Foundation

extension WeightCache {
  /// Fetches published weights, each unless it is there already: over HTTP from the address in the catalogue, or
  /// from the same path below the address that `BLEMISH_WEIGHTS_URL` names. An interrupted transfer goes on where
  /// it stopped, in this call or a later one.
  /// - Parameters:
  ///   - name: the weights, or the backbone made of them.
  ///   - progress: called as bytes arrive and when something is worth saying, on any thread but never
  ///     twice at a time.
  /// - Returns: the weights that were fetched; empty where all were there.
  /// - Throws: an error that says what went wrong and what to do; the cache never holds half a file.
  public func pull(
    _ name: String,
    progress: @escaping (DownloadProgress) -> Void = { _ in }
  ) async throws -> [CachedWeights] {
    var pulled: [CachedWeights] = []
    for component in try components(named: name) where find(component) == nil {
      pulled += try await pull(component, progress: progress)
    }
    return pulled
  }

  private func pull(
    _ component: BackboneDescription.Component,
    progress: @escaping (DownloadProgress) -> Void
  ) async throws -> [CachedWeights] {
    try makeFolder()
    let published = component.source.hash
    let download = WeightDownload(
      name: component.name,
      address: try address(of: component),
      limit: 3 * component.source.bytes,
      environment: environment,
      patience: patience
    )
    let file = try PartialFile(
      path: "\(folder)/\(component.name).part",
      address: download.address,
      hasHash: published != nil
    )
    let linkedHash: String?
    do {
      linkedHash = try await download.fetch(to: file, progress: progress)
    } catch {
      if file.count == 0 { file.delete() }
      throw error
    }
    let hash = try fileHash(file.path)
    if let expected = published ?? linkedHash, !hash.hasPrefix(expected) {
      file.delete()
      throw WeightsError.otherFile(address: download.address, found: hash, expected: expected)
    }
    do {
      let weights = try take([component], from: file.path, source: download.address, hash: hash)
      file.delete()
      return weights.map {
        CachedWeights(
          name: $0.name,
          path: $0.path,
          hash: hash,
          check: HashCheck(hash, against: published ?? linkedHash)
        )
      }
    } catch let error as DataFileError where error.path == file.path {
      file.delete()
      throw WeightsError.unusable(source: download.address, problem: "what came \(error.problem)")
    } catch let error as WeightsError {
      // The file came whole and is not what it should be. (Where only the cache could not be written, it stays.)
      file.delete()
      throw error
    }
  }

  private func address(of component: BackboneDescription.Component) throws -> String {
    let published = component.source.address
    guard let mirror = environment["BLEMISH_WEIGHTS_URL"] else { return published }
    let url = URLComponents(string: mirror)
    guard ["http", "https"].contains(url?.scheme), url?.host != nil else {
      throw WeightsError.address(
        variable: "BLEMISH_WEIGHTS_URL", text: mirror, expected: "http://HOST/FOLDER")
    }
    let base = mirror.hasSuffix("/") ? String(mirror.dropLast()) : mirror
    return base + (URLComponents(string: published)?.path ?? "")
  }
}
