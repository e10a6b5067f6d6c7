import BlemishSupport

/// A detector whose published code has settings for categories of data sets, or reads them from a file.
public protocol PublishesSettings: Detector {
  /// The names under which settings were published, such as categories of MVTec AD.
  static var settingNames: [String] { get }
  /// The settings published under a name; nil where there are none.
  static func settings(named name: String) -> PublishedSettings?
  /// What a file in the layout of the published code says; what else it holds is passed over.
  /// - Throws: ``SettingsError``.
  static func settings(in file: SettingsFile) throws -> PublishedSettings
}

/// How a detector is trained, as far as somebody has said it.
public struct PublishedSettings: Sendable, Equatable {
  /// The backbone's name.
  public var backbone: String?
  /// The side of the pictures at the backbone.
  public var size: Int?
  /// The detector's configuration, in JSON.
  public var configuration: String?
  /// Passes over the training pictures.
  public var epochs: Int?
  /// Pictures a step.
  public var batch: Int?
  /// Adam's learning rate.
  public var learningRate: Double?
  /// How much of each parameter is added to its gradient.
  public var weightDecay: Double?

  /// Settings of which nothing need be said.
  public init(
    backbone: String? = nil, size: Int? = nil, configuration: String? = nil, epochs: Int? = nil,
    batch: Int? = nil,
    learningRate: Double? = nil, weightDecay: Double? = nil
  ) {
    self.backbone = backbone
    self.size = size
    self.configuration = configuration
    self.epochs = epochs
    self.batch = batch
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }
}

/// A file of settings: sections with named values, whatever its syntax.
public struct SettingsFile: Sendable {
  private let sections: [String: [String: String?]]

  /// A file with these sections. A value is its text, or nil where it is no plain value.
  public init(sections: [String: [String: String?]]) { self.sections = sections }

  /// A value that a file says, or nil where it says nothing.
  /// - Parameters:
  ///   - kind: what the value must be, for the error.
  ///   - convert: gives the value of its text, nil for a text that is none.
  /// - Throws: ``SettingsError/value(section:key:kind:)``.
  public func value<Value>(
    _ section: String, _ key: String, _ kind: String, _ convert: (String) -> Value?
  ) throws(SettingsError) -> Value? {
    guard let text = sections[section]?[key] else { return nil }
    guard let text, let value = convert(text) else {
      throw .value(section: section, key: key, kind: kind)
    }
    return value
  }

  /// A whole number from 1 to 100,000.
  /// - Throws: ``SettingsError/value(section:key:kind:)``.
  public func count(_ section: String, _ key: String) throws(SettingsError) -> Int? {
    try value(section, key, "a whole number from 1 to 100000") { text in
      Int(text).flatMap { (1...100_000).contains($0) ? $0 : nil }
    }
  }

  /// A number of at least 0.
  /// - Throws: ``SettingsError/value(section:key:kind:)``.
  public func number(_ section: String, _ key: String) throws(SettingsError) -> Double? {
    try value(section, key, "a number of at least 0") { text in
      Double(text).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
  }
}

/// What is wrong with settings.
public enum SettingsError: Error, Equatable, CustomStringConvertible {
  /// No settings were published under this name; those that there are.
  case unknown(name: String, known: [String])
  /// A value is not what it must be.
  case value(section: String, key: String, kind: String)
  /// Nothing that the detector knows is said.
  case empty(expected: String)
  /// The detector has no published settings.
  case none(detector: String)
  /// The text of the file cannot be read.
  case syntax(String)
  /// The file cannot be read, or what is wrong in it.
  indirect case file(path: String, SettingsError?)

  /// What is wrong.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there are no settings '\(name)', and no such file; there are \(known.joined(separator: ", "))"
    case .value(let section, let key, let kind): "\(section).\(key) is not \(kind)"
    case .empty(let expected): "has none of the settings of \(expected)"
    case .none(let detector): "the detector \(detector) has no published settings"
    case .syntax(let problem): problem
    case .file(let path, let error): "\(printable(path)): \(error?.description ?? "cannot be read")"
    }
  }
}
