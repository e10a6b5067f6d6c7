import Backbones
import Torch

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

  /// The published configurations, the standard one, and the one that needs no weights.
  public static let all = [
    BenchmarkConfiguration(name: "uflow-resnet18-256", detector: "uflow", backbone: "resnet18", size: 256),
    BenchmarkConfiguration(
      name: "uflow-wide_resnet50_2-448", detector: "uflow", backbone: "wide_resnet50_2", size: 448),
    BenchmarkConfiguration(name: "uflow-mcait-448", detector: "uflow", backbone: "mcait", size: 448),
    BenchmarkConfiguration(
      name: "msflow-wide_resnet50_2-512", detector: "msflow", backbone: "wide_resnet50_2", size: 512),
    BenchmarkConfiguration(name: "uflow-embedded-256", detector: "uflow", backbone: "embedded", size: 256),
    BenchmarkConfiguration(name: "uflow-seeded-256", detector: "uflow", backbone: "seeded", size: 256),
  ]

  /// The configuration of a name.
  /// - Throws: ``ConfigurationError`` that lists the names there are.
  public static func named(_ name: String) throws -> BenchmarkConfiguration {
    guard let found = all.first(where: { $0.name == name }) else {
      throw ConfigurationError(
        "There is no configuration '\(name)'; there are \(all.map(\.name).joined(separator: ", ")).")
    }
    return found
  }
}
