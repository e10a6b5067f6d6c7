import BlemishCore
import BlemishDetectors

/// What is timed together: a detector on a backbone at a picture size.
public struct BenchmarkConfiguration: Sendable, Codable, Equatable {
  /// The name that the tool and its reports use.
  public var name: String
  /// The detector's name in the catalogue.
  public var detector: String
  /// The backbone's name in the catalogue.
  public var backbone: String
  /// The side of the square pictures in pixels.
  public var size: Int
  /// The detector's own configuration, in JSON; nil for the published one.
  public var detectorConfiguration: String?

  /// Every detector on the backbones that it names.
  public static func all(of detectors: DetectorCatalogue = .standard) -> [BenchmarkConfiguration] {
    detectors.all.flatMap { detector in
      detector.benchmarks.map { backbone, size in
        BenchmarkConfiguration(
          name: "\(detector.name)-\(backbone)-\(size)", detector: detector.name, backbone: backbone,
          size: size)
      }
    }
  }

  /// The configuration of a name.
  /// - Throws: ``BenchmarkError/unknown(name:known:)``.
  public static func named(
    _ name: String, of detectors: DetectorCatalogue = .standard
  ) throws(BenchmarkError) -> BenchmarkConfiguration {
    let all = all(of: detectors)
    guard let found = all.first(where: { $0.name == name }) else {
      throw .unknown(name: name, known: all.map(\.name))
    }
    return found
  }
}

/// Why something cannot be timed.
public enum BenchmarkError: Error, Equatable, CustomStringConvertible {
  /// No configuration has this name; those that there are.
  case unknown(name: String, known: [String])

  /// Why.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no configuration '\(name)'; there are \(known.joined(separator: ", "))"
    }
  }
}
