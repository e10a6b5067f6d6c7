import BlemishBackbones
import BlemishSupport
import BlemishTorch
import Foundation

/// The detectors that can be named. A program adds its own with ``adding(_:)``.
public struct DetectorCatalogue: Sendable {
  /// Every detector; the first is that of those who name none.
  public private(set) var all: [any Detector.Type]

  /// A catalogue of these detectors.
  public init(_ all: [any Detector.Type]) { self.all = all }

  /// The catalogue with one more detector, in the place of one of the same name.
  public func adding(_ detector: any Detector.Type) -> DetectorCatalogue {
    DetectorCatalogue(all.filter { $0.name != detector.name } + [detector])
  }

  /// The names of all detectors.
  public var names: [String] { all.map { $0.name } }

  /// The detector of those who name none.
  public var defaultName: String { names.first ?? "" }

  /// The detector of those who name a backbone, or take the usual one, but no detector.
  public func defaultName(on backbone: BackboneDescription) -> String {
    (all.first { $0.isPreferred(on: backbone) } ?? all.first)?.name ?? ""
  }

  /// The detector of a name.
  /// - Throws: ``DetectorError/unknown(name:known:)``.
  public func named(_ name: String) throws -> any Detector.Type {
    guard let found = all.first(where: { $0.name == name }) else {
      throw DetectorError.unknown(name: name, known: names)
    }
    return found
  }
}

/// What is wrong with a detector that a user, or a file, asks for.
public enum DetectorError: Error, Equatable, CustomStringConvertible {
  /// No detector has this name; those that there are.
  case unknown(name: String, known: [String])
  /// Its configuration cannot be read.
  case configuration(detector: String, problem: String)
  /// A number of its configuration is none that it can work with.
  case number(detector: String, name: String, value: String, allowed: String)
  /// The backbone's features are not such as it needs.
  case features(detector: String, problem: String)
  /// The good pictures are too few, or too much alike.
  case pictures(detector: String, problem: String)
  /// It is fitted in a way that this version does not know.
  case unknownFit(detector: String)

  /// What is wrong.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no detector '\(name)'; there are \(known.joined(separator: ", "))"
    case .configuration(let detector, let problem):
      "the configuration of the detector \(detector) cannot be read: \(problem)"
    case .number(let detector, let name, let value, let allowed):
      "the \(name) of the detector \(detector) must be \(allowed), not \(value)"
    case .features(let detector, let problem):
      "the detector \(detector) cannot use these features: \(problem)"
    case .pictures(let detector, let problem): "the detector \(detector) cannot be fitted: \(problem)"
    case .unknownFit(let detector): "the detector \(detector) says of no way to fit it"
    }
  }
}

extension Detector {
  /// The detector that a model file's configuration, in JSON, describes.
  static func make(
    _ path: ParameterPath, features: FeatureDescription, json: String
  ) throws -> any Detector {
    try Self(path, features: features, configuration: configuration(fromJSON: json))
  }

  /// The configuration that JSON describes.
  /// - Throws: ``DetectorError/configuration(detector:problem:)``.
  package static func configuration(fromJSON json: String) throws -> Configuration {
    do {
      return try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
    } catch {
      throw DetectorError.configuration(
        detector: name, problem: (error as? DecodingError)?.summary ?? "\(error)")
    }
  }

  /// The published configuration for features, as JSON.
  package static func standardJSON(for features: FeatureDescription) throws -> String {
    try json(of: standard(for: features))
  }

  /// A configuration as a model file holds it.
  package static func json(of configuration: Configuration) throws -> String {
    try stableJSON(configuration)
  }
}
