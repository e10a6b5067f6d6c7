import BlemishSupport
import Foundation

/// Features on disk, kept from one training to the next: a file for every picture's.
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

  private struct Entry {
    var bytes: Int
    var used: Date
  }
  private var entries: [String: Entry] = [:]
  private var inUse: Set<String> = []
  private var total = 0
  /// Whether the disk has failed or is full: then nothing more is written.
  private var hasFailed = false

  private static let suffix = ".features"

  /// The cache in a folder, which is made if need be.
  /// - Throws: `FileSystemError` where it cannot be made.
  init(folder: String, limit: Int, reserve: Int = 1 << 30) throws {
    self.folder = folder
    self.limit = limit
    self.reserve = reserve
    try makeFolder(folder)
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

  /// The names of the files that are there.
  var fileNames: Set<String> { Set(entries.keys) }

  /// The features under a key, if they are there and whole.
  func features(_ key: Key) -> Data? {
    let path = folder + "/" + key.fileName
    guard let file = try? readRegularFile(path) else { return nil }
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

  /// Keeps features.
  /// - Returns: false where there is no room.
  /// - Throws: ``TrainingError``, once, when the disk fails or is full; from then on nothing is kept.
  ///   What was there stays whole.
  func keep(_ features: Data, _ key: Key) throws -> Bool {
    let bytes = features.count + SHA256.byteCount
    guard !hasFailed, delete(total + bytes - limit) else { return false }
    guard delete(bytes + reserve - freeSpace) else {
      throw failure("less than \(reserve >> 20) MiB would stay free on its disk")
    }
    do throws(FileSystemError) {
      // Without waiting for the disk: a file that the power cuts off is found by its digest.
      try AtomicFile.replace(
        folder + "/" + key.fileName, with: [Data(key.digest(of: features)), features], isDurable: false)
    } catch {
      throw failure(error.problem)
    }
    forget(key.fileName)
    entries[key.fileName] = Entry(bytes: bytes, used: Date())
    total += bytes
    inUse.insert(key.fileName)
    return true
  }

  private func failure(_ reason: String) -> TrainingError {
    hasFailed = true
    return TrainingError.cache(folder: folder, problem: reason)
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
    private static let format = 4

    /// - Parameters:
    ///   - network: see ``Model/featureIdentity(_:)``.
    ///   - picture: SHA-256 of the picture file's bytes.
    init(network: String, picture: [UInt8]) {
      var hash = SHA256()
      hash.update("features \(Self.format)\n\(network)\n")
      hash.update(picture)
      fileName = hexadecimal(hash.finalize()) + FeatureCache.suffix
    }

    fileprivate func digest(of features: Data) -> [UInt8] {
      var hash = SHA256()
      hash.update(fileName)
      hash.update(features)
      return hash.finalize()
    }
  }
}
