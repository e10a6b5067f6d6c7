import Crypto
import Foundation
import Torch

/// Features on disk, kept from one training to the next: a file for every picture's, mapped into memory when they
/// are used, so that they may exceed it.
///
/// A file's name says of which picture, by content, and of which network they are; its digest covers the name. What
/// is damaged, cut short or misnamed is deleted and computed anew. When the limit is reached, what was not used for
/// longest goes, but nothing that this cache has handed out.
final class FeatureCache {
  /// Where the files lie.
  let folder: String
  /// How many bytes they may take together.
  let limit: Int

  private struct Entry {
    var bytes: Int
    var used: Date
  }
  private var entries: [String: Entry] = [:]
  private var inUse: Set<String> = []
  private var total = 0

  private static let suffix = ".features"
  /// What stays free on the disk.
  private static let reserve = 1 << 30

  /// The cache in a folder, which is made if need be.
  /// - Throws: ``ConfigurationError`` where it cannot be made.
  init(folder: String, limit: Int) throws {
    self.folder = folder
    self.limit = limit
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw ConfigurationError(
        "\(folder): the folder for features cannot be made: \(error.localizedDescription). BLEMISH_HOME names "
          + "another place; --cache-limit 0 does without.")
    }
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
    makeRoom(for: 0)
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
  func features(_ key: Key) -> Data? {
    let path = folder + "/" + key.fileName
    guard let file = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else {
      return nil
    }
    let digestBytes = SHA256.byteCount
    guard file.count > digestBytes,
      file.prefix(digestBytes).elementsEqual(key.digest(of: file.dropFirst(digestBytes)))
    else {
      unlink(path)
      forget(key.fileName)
      return nil
    }
    inUse.insert(key.fileName)
    // The time of the last use, for the order in which files go.
    try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
    return file.dropFirst(digestBytes)
  }

  /// Keeps features, and gives them back mapped; nil where there is no room within the limit.
  /// - Throws: an error of the disk's; what was there stays whole.
  func keep(_ features: Data, _ key: Key) throws -> Data? {
    let bytes = features.count + SHA256.byteCount
    makeRoom(for: bytes)
    guard total + bytes <= limit, freeSpace >= bytes + Self.reserve else { return nil }
    var file = Data(key.digest(of: features))
    file.append(features)
    // Written under another name and renamed, so that no other process sees half a file.
    try file.write(to: URL(fileURLWithPath: folder + "/" + key.fileName), options: .atomic)
    forget(key.fileName)
    entries[key.fileName] = Entry(bytes: bytes, used: Date())
    total += bytes
    return self.features(key)
  }

  private func makeRoom(for bytes: Int) {
    guard total + bytes > limit else { return }
    for (name, _) in entries.filter({ !inUse.contains($0.key) }).sorted(by: { $0.value.used < $1.value.used })
    {
      guard total + bytes > limit else { return }
      unlink(folder + "/" + name)
      forget(name)
    }
  }

  private func forget(_ name: String) {
    if let entry = entries.removeValue(forKey: name) { total -= entry.bytes }
  }

  private var freeSpace: Int {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return .max }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }
}

extension FeatureCache {
  /// What features depend on: everything about the network, and the picture's content.
  struct Key {
    let fileName: String

    /// - Parameters:
    ///   - network: see ``Model/featureIdentity``.
    ///   - picture: the picture file's bytes.
    init(network: String, picture: Data) {
      var hash = SHA256()
      hash.update(data: Data("features 1\n\(network)\n".utf8))
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
  /// Everything that a picture's features depend on but the picture: two models with the same text give the same.
  var featureIdentity: String {
    let weights = configuration.backboneHash ?? "seeded"
    return [
      blemishVersion, Torch.version, configuration.backbone, weights, configuration.padding,
      "\(configuration.height)x\(configuration.width)", configuration.tile.map { "tile \($0)" } ?? "whole",
      configuration.filter, precision.elementType.rawValue,
      device.description,
    ].joined(separator: " ")
  }
}
