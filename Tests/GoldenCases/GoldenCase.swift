import BlemishFiles
import Testing

/// One recorded case: its settings and its tensors.
public struct GoldenCase: Sendable, CustomTestStringConvertible {
  /// The name in the index, such as `nfa/ties`.
  public let name: String
  /// Everything the index says of the case but its tensors. What stands under `config` is found here too.
  public let settings: [String: GoldenValue]
  /// The recorded tensors' names, those of weights and gradients included.
  public let tensorNames: Set<String>

  init(name: String, settings: [String: GoldenValue]) throws {
    self.name = name
    tensorNames = Set(try settings["tensors"]?.object.keys.map { $0 } ?? [])
    self.settings = settings.filter { $0.key != "tensors" }
      .merging(try settings["config"]?.object ?? [:]) { outer, _ in outer }
  }

  /// The name, for the test's output.
  public var testDescription: String { name }

  /// The permitted difference, relative to the largest magnitude of the expected tensor. 0.001 if not recorded.
  public var relativeTolerance: Double { (try? settings["rtol"]?.number) ?? 0.001 }

  /// The permitted absolute difference, 0 if none is recorded as a number.
  public var absoluteTolerance: Double { (try? settings["atol"]?.number) ?? 0 }

  /// A setting.
  ///
  /// - Throws: `GoldenError` when the index does not have it.
  public func setting(_ key: String) throws -> GoldenValue {
    guard let value = settings[key] else { throw GoldenError("case \(name) has no setting \(key)") }
    return value
  }

  /// All tensors of the case.
  public func tensors() throws -> [String: StoredTensor] {
    try SafeTensors.read(Golden.folder + "/" + name + ".safetensors").tensors
  }

  /// One tensor of the case.
  ///
  /// - Throws: `GoldenError` when the case does not have it.
  public func tensor(_ tensorName: String) throws -> StoredTensor {
    guard let tensor = try tensors()[tensorName] else {
      throw GoldenError("case \(name) has no tensor \(tensorName)")
    }
    return tensor
  }

  /// The stored weights under their published state-dict names; empty where the weights are generated.
  public func weights() throws -> [String: StoredTensor] {
    try tensors(prefixed: "weights.")
  }

  /// The gradient of the loss by the state-dict name of its weight.
  public func gradients() throws -> [String: StoredTensor] {
    try tensors(prefixed: "grad.")
  }

  /// Records an issue unless `actual` equals the case's tensor within the case's tolerance.
  public func expectClose(
    _ actual: [Float],
    _ tensorName: String,
    relativeTolerance: Double? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    GoldenCases.expectClose(
      actual.map(Double.init),
      try tensor(tensorName).doubles(),
      relativeTolerance: relativeTolerance ?? self.relativeTolerance,
      absoluteTolerance: absoluteTolerance,
      "\(name) \(tensorName)",
      sourceLocation: sourceLocation
    )
  }

  private func tensors(prefixed prefix: String) throws -> [String: StoredTensor] {
    let pairs = try tensors().filter { $0.key.hasPrefix(prefix) }
      .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}

/// A recorded case that lacks what a test asks of it.
public struct GoldenError: Error, CustomStringConvertible {
  /// What is missing.
  public let description: String

  init(_ description: String) { self.description = description }
}
