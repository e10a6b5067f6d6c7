import Backbones
import Foundation
import Imaging
import Torch

/// What a detector is before it is built: its name and its published habits.
public protocol DetectorType: Detector, SendableMetatype {
  /// What distinguishes one model of the detector from another; travels in the model file.
  associatedtype Configuration: Codable & Sendable & Equatable

  /// The name that commands and model files use.
  static var name: String { get }
  /// The published configuration.
  static var standard: Configuration { get }
  /// The published configuration, fitted to a backbone of so many scales where it is for another number.
  static func standard(scales: Int) -> Configuration
  /// How pictures are brought to the detector's backbone.
  static var preparation: Preparation { get }
  /// How the published code trains the detector.
  static var schedule: TrainingSchedule { get }

  /// The detector over features of these shapes, finest scale first.
  /// - Parameter normalisingFeatures: whether the backbone is one whose maps U-Flow normalises.
  /// - Throws: ``ParameterError`` and ``ConfigurationError``.
  init(
    _ path: ParameterPath, features: [FeatureShape], normalisingFeatures: Bool, configuration: Configuration)
    throws

  /// What a checkpoint of the published code says; nil where it is of another code.
  /// - Throws: ``ParameterError`` and ``ConfigurationError`` where it is of this code but makes no sense.
  static func published(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector?
  /// A checkpoint in the structure and under the names that the published code loads.
  /// - Parameters:
  ///   - stateDict: the detector's tensors.
  ///   - backbone: the backbone's, for code that wants them in the same file.
  ///   - epoch: how many epochs the detector was trained for.
  static func checkpoint(
    of stateDict: [String: StoredTensor], backbone: [PublishedBackbonePart], epoch: Int
  ) throws -> PyTorchFile.Value
}

/// How pictures are brought to a detector's backbone.
public struct Preparation: Sendable {
  /// The side of square pictures where the backbone does not say better; nil for the backbone's.
  public var size: Int?
  /// How pictures are resized.
  public var filter: ResamplingFilter
  /// How the backbone's convolutions continue the picture.
  public var padding: Padding
  /// The shorter side of the maps that are evaluated; nil for the picture's own size at the backbone.
  public var mapSide: Int?
}

/// The detectors that can be named.
public enum DetectorCatalogue {
  /// Every detector; a new one is one line here.
  public static let all: [any DetectorType.Type] = [UFlow.self, MSFlow.self]

  /// The detector of those who name none.
  public static let standard = UFlow.name

  /// The detector of a name.
  /// - Throws: ``ConfigurationError`` that lists the names there are.
  public static func named(_ name: String) throws -> any DetectorType.Type {
    guard let found = all.first(where: { $0.name == name }) else {
      throw ConfigurationError(
        "There is no detector '\(name)'; there are \(all.map { $0.name }.joined(separator: ", ")).")
    }
    return found
  }
}

extension DetectorType {
  /// The detector that a model file's configuration, in JSON, describes.
  static func make(
    _ path: ParameterPath, features: [FeatureShape], normalisingFeatures: Bool, json: String
  ) throws -> any Detector {
    let configuration: Configuration
    do {
      configuration = try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
    } catch {
      throw ConfigurationError(
        "The configuration of the detector \(name) cannot be read: \((error as? DecodingError)?.summary ?? "\(error)")"
      )
    }
    return try Self(
      path, features: features, normalisingFeatures: normalisingFeatures, configuration: configuration)
  }

  /// The published configuration for so many scales, as JSON.
  static func standardJSON(scales: Int) throws -> String {
    String(decoding: try JSONEncoder.stable.encode(standard(scales: scales)), as: UTF8.self)
  }

  /// The published configuration, which most detectors have for any number of scales.
  public static func standard(scales: Int) -> Configuration { standard }
}
