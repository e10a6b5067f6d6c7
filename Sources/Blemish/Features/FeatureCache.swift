import Crypto
import Foundation
import Torch

/// Features on disk, kept from one training to the next: a file for every picture's, mapped into memory, so
/// that they may exceed it.
///
/// A file's name says of which picture, by content, and of which network they are; its digest covers the
/// name. What is damaged, cut short or misnamed is deleted and computed anew. When the limit is reached or
/// the disk is full, what was not used for longest goes, but nothing that this cache has handed out.
final class FeatureCache {
  /// Where the files lie.
  let folder: String
  /// How many bytes they may take together.
  let limit: Int
  /// How many bytes stay free on the disk.
  private let reserve: Int
  /// How many files may be mapped: the kernel allows a process some 65,000 mappings, of everything.
  private let mappings: Int

  /// The features that a file holds.
  struct Found {
    let data: Data
    /// Whether they are mapped, and so take no memory: they may be held. Others are to be asked for again.
    let isMapped: Bool
  }

  private struct Entry {
    var bytes: Int
    var used: Date
  }
  private var entries: [String: Entry] = [:]
  private var inUse: Set<String> = []
  private var total = 0
  private var mapped = 0
  /// Whether the disk has failed or is full: then nothing more is written.
  private var hasFailed = false

  private static let suffix = ".features"

  /// The cache in a folder, which is made if need be.
  /// - Throws: ``ConfigurationError`` where it cannot be made.
  init(folder: String, limit: Int, reserve: Int = 1 << 30, mappings: Int = 1 << 14) throws {
    self.folder = folder
    self.limit = limit
    self.reserve = reserve
    self.mappings = mappings
    try makeFolder(
      folder,
      advice: "Features go there; BLEMISH_HOME names another place, and --cache-limit 0 does without.")
    let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
    let files = try? FileManager.default.contentsOfDirectory(
      at: URL(fileURLWithPath: folder), includingPropertiesForKeys: Array(keys))
    for file in files ?? [] where file.lastPathComponent.hasSuffix(Self.suffix) {
      guard let values = try? file.resourceValues(forKeys: keys) else { continue }
      let entry = Entry(
        bytes: values.fileSize ?? 0, used: values.contentModificationDate ?? .distantPast)
      entries[file.lastPathComponent] = entry
      total += entry.bytes
    }
    _ = delete(total - limit)
  }

  /// The folder for those who name none.
  static var standardFolder: String {
    let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
    // The XDG Base Directory Specification has relative paths ignored.
    let caches = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    let home = environment["HOME"] ?? NSHomeDirectory()
    return (environment["BLEMISH_HOME"] ?? (caches ?? home + "/.cache") + "/blemish") + "/features"
  }

  /// The features under a key, if they are there and whole.
  func features(_ key: Key) -> Found? {
    let path = folder + "/" + key.fileName
    let isMapped = mapped < mappings
    let options: Data.ReadingOptions = isMapped ? .alwaysMapped : []
    guard let file = try? Data(contentsOf: URL(fileURLWithPath: path), options: options) else { return nil }
    let digestBytes = SHA256.byteCount
    guard file.count > digestBytes,
      file.prefix(digestBytes).elementsEqual(key.digest(of: file.dropFirst(digestBytes)))
    else {
      unlink(path)
      forget(key.fileName)
      return nil
    }
    inUse.insert(key.fileName)
    if isMapped { mapped += 1 }
    // The time of the last use, for the order in which files go.
    try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
    return Found(data: file.dropFirst(digestBytes), isMapped: isMapped)
  }

  /// Keeps features, and gives them back as ``features(_:)`` does; nil where there is no room.
  /// - Throws: ``ConfigurationError``, once, when the disk fails or is full; from then on nothing is kept.
  ///   What was there stays whole.
  func keep(_ features: Data, _ key: Key) throws -> Found? {
    let bytes = features.count + SHA256.byteCount
    guard !hasFailed, delete(total + bytes - limit) else { return nil }
    guard delete(bytes + reserve - freeSpace) else {
      throw failure("less than \(reserve >> 20) MiB would stay free; BLEMISH_HOME names another place")
    }
    var file = Data(key.digest(of: features))
    file.append(features)
    do {
      // Written under another name and renamed, so that no other process sees half a file.
      try file.write(to: URL(fileURLWithPath: folder + "/" + key.fileName), options: .atomic)
    } catch {
      throw failure(error.localizedDescription)
    }
    forget(key.fileName)
    entries[key.fileName] = Entry(bytes: bytes, used: Date())
    total += bytes
    return self.features(key)
  }

  private func failure(_ reason: String) -> ConfigurationError {
    hasFailed = true
    return ConfigurationError("\(folder): \(reason)")
  }

  /// Deletes what was not used for longest, so many bytes of it; nothing, and false, where there are fewer.
  private func delete(_ bytes: Int) -> Bool {
    guard bytes > 0 else { return true }
    let idle = entries.filter { !inUse.contains($0.key) }
    guard idle.values.reduce(0, { $0 + $1.bytes }) >= bytes else { return false }
    var missing = bytes
    for (name, entry) in idle.sorted(by: { $0.value.used < $1.value.used }) where missing > 0 {
      unlink(folder + "/" + name)
      forget(name)
      missing -= entry.bytes
    }
    return true
  }

  private func forget(_ name: String) {
    if let entry = entries.removeValue(forKey: name) { total -= entry.bytes }
  }

  private var freeSpace: Int {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return .max }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? .max : Int(clamping: bytes)
  }
}

extension FeatureCache {
  /// What features depend on: everything about the network, and the picture's content.
  struct Key {
    let fileName: String

    /// To be raised whenever the same network would give other features of the same picture than before: when
    /// a kernel of the backbone's, the decoding or resizing of pictures, or the order or rounding of what is
    /// kept changes, be it in the last bit. The version of Blemish does not change as often.
    private static let format = 3

    /// - Parameters:
    ///   - network: see ``Model/featureIdentity(_:)``.
    ///   - picture: the picture file's bytes.
    init(network: String, picture: Data) {
      var hash = SHA256()
      hash.update(data: Data("features \(Self.format)\n\(network)\n".utf8))
      hash.update(data: picture)
      fileName = hexadecimal(hash.finalize()) + FeatureCache.suffix
    }

    fileprivate func digest(of features: Data) -> SHA256.Digest {
      var hash = SHA256()
      hash.update(data: Data(fileName.utf8))
      hash.update(data: features)
      return hash.finalize()
    }
  }
}

extension Model {
  /// Everything that a picture's features, as they are kept, depend on but the picture: two models with the same text
  /// give the same.
  func featureIdentity(_ kept: FeaturePrecision) -> String {
    let weights = configuration.backboneHash ?? "seeded"
    return [
      blemishVersion, Torch.version, configuration.backbone, weights, configuration.padding,
      "\(configuration.height)x\(configuration.width)", configuration.tile.map { "tile \($0)" } ?? "whole",
      configuration.filter, precision.elementType.rawValue,
      device.description, "pooled \(type(of: detector).pooling)", kept.rawValue,
    ].joined(separator: " ")
  }
}
