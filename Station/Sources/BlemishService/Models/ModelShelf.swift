import Blemish
import Foundation
import Logging

/// Why there is no model to judge with.
public enum ModelShelfError: Error, Equatable, CustomStringConvertible {
  /// There is no file of the name.
  case unknown(name: String)
  /// The file cannot be loaded.
  case unusable(name: String, reason: String)
  /// There is no former file to go back to.
  case noFormer(name: String)

  /// Why.
  public var description: String {
    switch self {
    case .unknown(let name): "there is no model \(name)"
    case .unusable(let name, let reason): "the model \(name) cannot be loaded: \(reason)"
    case .noFormer(let name): "the model \(name) was not exchanged: there is nothing to take back"
    }
  }
}

/// The models of a folder: loaded by name, exchanged when their files are, and so many at a time as are to stay in
/// memory.
///
/// A file that is replaced is loaded beside the model in service, which goes on judging until the new one is ready, and
/// beyond where the new file is none.
public final class ModelShelf: Sendable {
  /// What is known of a model.
  public struct Status: Sendable {
    /// Its name.
    public var name: String
    /// The model in service; nil where none is in memory.
    public var served: ServedModel?
    /// Why its file cannot be loaded.
    public var error: String?
    /// When it last judged.
    public var lastUsed: Date?
  }

  private struct Entry {
    var path: String
    var state: ModelFileState
    var served: ServedModel?
    /// The state of the file that ``served`` or ``error`` is of.
    var loadedState: ModelFileState?
    var error: String?
    var lastUsed: Date?
    var missed = 0
  }

  private let folder: String
  private let options: @Sendable (String) -> InspectionOptions
  private let maximumPixels: Int
  private let limit: Int
  private let logger: Logger
  private let entries = Locked<[String: Entry]>([:])
  /// One model at a time is loaded.
  private let loading = NSLock()
  private let stopped = Locked(false)

  /// The ending of model files.
  public static let fileExtension = "blemish"

  /// The models of a folder.
  /// - Parameters:
  ///   - limit: how many models are in memory at a time.
  ///   - options: by what the model of a name decides.
  /// - Throws: ``StationError/models(folder:reason:)``.
  public init(
    folder: String, limit: Int, maximumPixels: Int, logger: Logger,
    options: @escaping @Sendable (String) -> InspectionOptions
  ) throws {
    self.folder = folder
    self.limit = max(limit, 1)
    self.maximumPixels = maximumPixels
    self.logger = logger
    self.options = options
    try look()
  }

  /// All that is known of the models, by name.
  public var status: [Status] {
    entries.with { entries in
      entries.sorted { $0.key < $1.key }.map { name, entry in
        Status(name: name, served: entry.served, error: entry.error, lastUsed: entry.lastUsed)
      }
    }
  }

  /// What is known of a model; nil where there is none.
  public func status(of name: String) -> Status? { status.first { $0.name == name } }

  /// Where a model's file lies; nil where there is none.
  func path(of name: String) -> String? { entries.with { $0[name]?.path } }

  /// The model of a name, loaded if it is not.
  /// - Throws: ``ModelShelfError``.
  public func model(named name: String) async throws -> ServedModel {
    if let served = try inMemory(name) { return served }
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try self.load(name) })
      }
    }
  }

  private func inMemory(_ name: String) throws -> ServedModel? {
    try entries.with { entries in
      guard var entry = entries[name] else { throw ModelShelfError.unknown(name: name) }
      if let served = entry.served {
        entry.lastUsed = Date()
        entries[name] = entry
        return served
      }
      if let error = entry.error { throw ModelShelfError.unusable(name: name, reason: error) }
      return nil
    }
  }

  /// Loads what is not in memory, or was replaced.
  @discardableResult
  private func load(_ name: String) throws -> ServedModel {
    loading.lock()
    defer { loading.unlock() }
    guard let entry = entries.with({ $0[name] }) else { throw ModelShelfError.unknown(name: name) }
    if entry.loadedState == entry.state {
      if let served = entry.served { return served }
      if let error = entry.error { throw ModelShelfError.unusable(name: name, reason: error) }
    }
    let result = Result {
      try ServedModel(name: name, path: entry.path, options: options(name), maximumPixels: maximumPixels)
    }
    return try entries.with { entries in
      guard var current = entries[name] else { throw ModelShelfError.unknown(name: name) }
      current.loadedState = entry.state
      switch result {
      case .success(let served):
        current.served = served
        current.error = nil
        current.lastUsed = Date()
        logger.info("model loaded", metadata: ["model": "\(name)", "version": "\(served.version)"])
      case .failure(let error):
        current.error = "\(error)"
        logger.error("model cannot be loaded", metadata: ["model": "\(name)", "error": "\(error)"])
      }
      entries[name] = current
      dropLeastUsed(&entries, except: name)
      // The former model goes on judging where its file was replaced by something that is none.
      if let served = current.served { return served }
      throw ModelShelfError.unusable(name: name, reason: current.error ?? "")
    }
  }

  private func dropLeastUsed(_ entries: inout [String: Entry], except name: String) {
    let inMemory = entries.filter { $0.value.served != nil && $0.key != name }
      .sorted { ($0.value.lastUsed ?? .distantPast) < ($1.value.lastUsed ?? .distantPast) }
    let excess = inMemory.count + (entries[name]?.served == nil ? 0 : 1) - limit
    for (dropped, _) in inMemory.prefix(max(excess, 0)) {
      entries[dropped]?.served = nil
      entries[dropped]?.loadedState = nil
      logger.info("model leaves memory", metadata: ["model": "\(dropped)"])
    }
  }

  /// Looks at the folder once, and notes what is there. What is in service and was replaced is loaded by
  /// ``watch(every:)``.
  /// - Returns: the models in service whose files were replaced.
  @discardableResult
  private func look() throws -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw StationError.models(folder: folder, reason: String(cString: strerror(ENOENT)))
    }
    var found: [String: (path: String, state: ModelFileState)] = [:]
    for file in names where file.hasSuffix("." + Self.fileExtension) && !file.hasPrefix(".") {
      let path = folder + "/" + file
      guard let state = ModelFileState(path: path) else { continue }
      found[String(file.dropLast(Self.fileExtension.count + 1))] = (path, state)
    }
    return entries.with { entries in
      var replaced: [String] = []
      for (name, file) in found {
        var entry = entries[name] ?? Entry(path: file.path, state: file.state)
        entry.missed = 0
        if entry.state != file.state {
          entry.state = file.state
          if entry.served == nil { entry.error = nil }
        }
        if entry.served != nil, entry.loadedState != file.state { replaced.append(name) }
        entries[name] = entry
      }
      for (name, var entry) in entries where found[name] == nil {
        // Some programs replace a file by removing it first.
        entry.missed += 1
        entries[name] = entry.missed > 2 ? nil : entry
      }
      return replaced
    }
  }

  /// Looks at the folder again and again, on a thread of its own, until ``stop()``.
  func watch(every seconds: Double) {
    let thread = Thread { [self] in
      var states: [String: ModelFileState] = [:]
      while !stopped.with({ $0 }) {
        Thread.sleep(forTimeInterval: seconds)
        do {
          for name in try look() {
            // A file that still grows is not read.
            let state = entries.with { $0[name]?.state }
            defer { states[name] = state }
            if states[name] == state { _ = try? load(name) }
          }
        } catch {
          logger.error("models cannot be read", metadata: ["error": "\(error)"])
        }
      }
    }
    thread.name = "blemish.models"
    thread.start()
  }

  /// Ends ``watch(every:)``.
  func stop() { stopped.with { $0 = true } }
}
