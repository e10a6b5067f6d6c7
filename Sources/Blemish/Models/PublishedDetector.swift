import Foundation
import Torch

/// What a checkpoint of a detector's published code says of the detector.
public struct PublishedDetector {
  /// The detector.
  public let type: any DetectorType.Type
  /// Its configuration, in JSON: what the checkpoint shows, and the published choice for what it does not.
  public let configuration: String
  /// Its tensors, under the names used here.
  public let stateDict: [String: StoredTensor]
  /// The channels of the backbone's feature maps, finest scale first.
  public let channels: [Int]
  /// The shapes of the backbone's feature maps, finest scale first, where the checkpoint shows them: where they
  /// are normalised.
  public let features: [FeatureShape]?
  /// The names of the checkpoint's tensors that are not the detector's: the backbone's, metrics, an optimiser's.
  public let others: Set<String>

  init<Published: DetectorType>(
    _ type: Published.Type, configuration: Published.Configuration, stateDict: [String: StoredTensor],
    channels: [Int], features: [FeatureShape]? = nil, others: Set<String>
  ) throws {
    self.type = type
    self.configuration = String(decoding: try JSONEncoder.stable.encode(configuration), as: UTF8.self)
    self.stateDict = stateDict
    self.channels = channels
    self.features = features
    self.others = others
  }
}

extension DetectorCatalogue {
  /// What a checkpoint of published code holds.
  /// - Parameters:
  ///   - checkpoint: its tensors, by names joined by dots, as ``WeightFile`` reads them.
  ///   - name: the detector that it must be of; without, the names of its tensors tell.
  /// - Throws: ``ConfigurationError`` for a checkpoint of another code, and ``ParameterError``.
  public static func published(
    in checkpoint: [String: StoredTensor], named name: String? = nil
  ) throws -> PublishedDetector {
    let types = try name.map { [try named($0)] } ?? all
    for type in types {
      if let published = try type.published(in: checkpoint) { return published }
    }
    let names = checkpoint.keys.sorted().prefix(3).joined(separator: ", ")
    throw ConfigurationError(
      "it is no checkpoint of the published \(types.map { $0.name }.joined(separator: " or ")): its tensors are "
        + "called \(names)\(checkpoint.count > 3 ? ", ..." : "")")
  }
}

/// A part of a backbone, as checkpoints of published code hold it.
public struct PublishedBackbonePart {
  /// The tensors that features come from, under their published names.
  public let used: [String: StoredTensor]
  /// All that were published, the classifier's among them, where they are at hand.
  public let whole: [String: StoredTensor]?
}

/// Sizes out of a file that tensors are made of: no checkpoint needs larger ones, and their products fit.
let plausibleSizes = 1...65_536
