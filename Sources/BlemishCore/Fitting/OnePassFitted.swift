import BlemishFiles
import BlemishTorch

/// A detector that is fitted by looking at the features of good pictures once, such as a memory bank or a Gaussian.
public protocol OnePassFitted: Detector {
  /// The detector's tensors by name, fitted to good pictures.
  /// - Parameters:
  ///   - pictures: the prepared features of good pictures.
  ///   - features: what they are.
  ///   - seed: of everything that is drawn; equal seeds give equal tensors.
  ///   - progress: called with the share of the work that is done, from 0 to 1.
  /// - Throws: ``DetectorError`` where pictures and configuration make no detector; the error of a picture that cannot
  ///   be read; `CancellationError` when the task was cancelled.
  static func fit(
    to pictures: any FeatureSource, features: FeatureDescription, configuration: Configuration, seed: UInt64,
    progress: (Double) -> Void
  ) throws -> [String: StoredTensor]
}

/// The prepared features of a fixed list of good pictures, or of the tiles that they are cut into.
public protocol FeatureSource {
  /// How many pictures, or tiles, there are.
  var count: Int { get }
  /// The shapes of the prepared maps, finest scale first.
  var shapes: [FeatureShape] { get }
  /// The prepared features `[batch, channels, height, width]`, finest scale first, of some of them.
  /// - Throws: the error of a picture that can no longer be read.
  func batch(_ indices: [Int]) throws -> [Tensor]
}

extension OnePassFitted {
  /// The detector fitted to good pictures, and its tensors.
  /// - Parameters:
  ///   - json: its configuration.
  ///   - device: where it lives.
  package static func fitted(
    to pictures: any FeatureSource, features: FeatureDescription, json: String, seed: UInt64, device: Device,
    productType: ElementType, progress: (Double) -> Void
  ) throws -> (detector: any Detector, tensors: [String: Tensor]) {
    try withTorchErrors {
      try withoutGradient {
        let configuration = try configuration(fromJSON: json)
        let parameters = Parameters(
          try fit(
            to: pictures, features: features, configuration: configuration, seed: seed, progress: progress),
          device: device, productType: productType)
        let detector = try Self(parameters.root, features: features, configuration: configuration)
        return (detector, parameters.all)
      }
    }
  }
}
