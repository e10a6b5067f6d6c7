import BlemishFiles
import Foundation

/// A detector that reads and writes the checkpoints of its published code.
public protocol ExchangesCheckpoints: Detector {
  /// What a checkpoint of the published code says; nil where it is of another code.
  /// - Throws: `ParameterError` and ``CheckpointError`` where it is of this code but makes no sense.
  static func published(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector?
  /// A checkpoint in the structure and under the names that the published code loads.
  /// - Parameters:
  ///   - stateDict: the detector's tensors.
  ///   - backbone: the backbone's, for code that wants them in the same file.
  ///   - epoch: how many epochs the detector was trained for.
  /// - Throws: an error where the tensors are not the detector's.
  static func checkpoint(
    of stateDict: [String: StoredTensor], backbone: [PublishedBackbonePart], epoch: Int
  ) throws -> PyTorchFile.Value
}

/// What a checkpoint of a detector's published code says of the detector.
public struct PublishedDetector {
  /// The detector.
  public let type: any Detector.Type
  /// Its configuration, in JSON: what the checkpoint shows, and the published choice for what it does not.
  public let configuration: String
  /// Its tensors, under the names used here.
  public let stateDict: [String: StoredTensor]
  /// The channels of the backbone's feature maps, finest scale first.
  public let channels: [Int]
  /// The shapes of the backbone's feature maps, finest scale first, where the checkpoint shows them.
  public let features: [FeatureShape]?
  /// The names of the checkpoint's tensors that are not the detector's: the backbone's, metrics, an optimiser's.
  public let others: Set<String>

  /// What a checkpoint says.
  public init<Published: Detector>(
    _ type: Published.Type, configuration: Published.Configuration, stateDict: [String: StoredTensor],
    channels: [Int], features: [FeatureShape]? = nil, others: Set<String>
  ) throws {
    self.type = type
    self.configuration = try Published.json(of: configuration)
    self.stateDict = stateDict
    self.channels = channels
    self.features = features
    self.others = others
  }
}

/// A part of a backbone, as checkpoints of published code hold it.
public struct PublishedBackbonePart {
  /// The tensors that features come from, under their published names.
  public let used: [String: StoredTensor]
  /// All that were published, the classifier's among them, where they are at hand.
  public let whole: [String: StoredTensor]?

  /// A part of a backbone.
  public init(used: [String: StoredTensor], whole: [String: StoredTensor]?) {
    self.used = used
    self.whole = whole
  }
}

extension DetectorCatalogue {
  /// What a checkpoint of published code holds.
  /// - Parameters:
  ///   - checkpoint: its tensors, by names joined by dots, as `WeightFile` reads them.
  ///   - name: the detector that it must be of; without, the names of its tensors tell.
  /// - Throws: ``CheckpointError`` for a checkpoint of another code, ``DetectorError``, and `ParameterError`.
  public func published(
    in checkpoint: [String: StoredTensor], named name: String? = nil
  ) throws -> PublishedDetector {
    let types = try name.map { [try named($0)] } ?? all
    let speaking = types.compactMap { $0 as? any ExchangesCheckpoints.Type }
    for type in speaking {
      if let published = try type.published(in: checkpoint) { return published }
    }
    throw CheckpointError.otherCode(
      detectors: speaking.map { $0.name }, tensors: Array(checkpoint.keys.sorted().prefix(3)),
      of: checkpoint.count)
  }
}

/// What is wrong with a checkpoint of published code.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// It is of none of these detectors; the names of some of its tensors, and how many it has.
  case otherCode(detectors: [String], tensors: [String], of: Int)
  /// It holds several of the detector, below these names.
  case several(detector: String, prefixes: [String])
  /// A tensor has not the shape of what its name says.
  case tensor(name: String, shape: [Int], expected: String)
  /// Its tensors do not make the detector's structure.
  case structure(String)

  /// What is wrong with it.
  public var description: String {
    switch self {
    case .otherCode(let detectors, let tensors, let count):
      "it is no checkpoint of the published \(detectors.joined(separator: " or ")): its tensors are called "
        + tensors.joined(separator: ", ") + (count > tensors.count ? ", ..." : "")
    case .several(let detector, let prefixes):
      "it holds \(prefixes.count) detectors of the kind \(detector), below "
        + "\(prefixes.map { "'\($0)'" }.joined(separator: ", ")): save the one that is meant to a file of its own"
    case .tensor(let name, let shape, let expected):
      "its tensor '\(name)' of shape \(shape) is not \(expected)"
    case .structure(let text): text
    }
  }
}

/// Sizes out of a file that tensors are made of: no checkpoint needs larger ones, and their products fit.
package let plausibleSizes = 1...65_536
