import Blemish
import BlemishFiles

/// A detector of somebody else's: how far a place's features lie from their mean over all places of good pictures, each
/// channel in units of its standard deviation.
struct MeanDistance: OnePassFitted {
  /// The sizes of the detector.
  struct Configuration: Codable, Sendable, Equatable {
    /// What is added to every variance, so that a channel that never changes can be divided by it.
    var floor = 1e-6
  }

  static let name = "mean-distance"
  static let preparation = Preparation()
  private let means: [Tensor]
  private let scales: [Tensor]

  static func standard(for features: FeatureDescription) -> Configuration { Configuration() }

  /// A distance a place of every scale.
  static func responseShapes(of features: [FeatureShape]) -> [FeatureShape] {
    features.map { FeatureShape(channels: 1, height: $0.height, width: $0.width) }
  }

  init(_ path: ParameterPath, features: FeatureDescription, configuration: Configuration) throws {
    guard configuration.floor > 0 else {
      throw DetectorError.number(
        detector: Self.name, name: "floor", value: "\(configuration.floor)", allowed: "above 0")
    }
    let shapes = features.shapes.enumerated()
    means = try shapes.map { try path.constant("means.\($0)", [1, $1.channels, 1, 1], .constant(0)) }
    scales = try shapes.map { try path.constant("scales.\($0)", [1, $1.channels, 1, 1], .constant(1)) }
  }

  static func fit(
    to pictures: any FeatureSource, features: FeatureDescription, configuration: Configuration, seed: UInt64,
    progress: (Double) -> Void
  ) throws -> [String: StoredTensor] {
    let none = pictures.shapes.map { Tensor.zeros([1, $0.channels, 1, 1], elementType: .float64) }
    var (sums, squares) = (none, none)
    for index in 0..<pictures.count {
      try Task.checkCancellation()
      for (scale, map) in try pictures.batch([index]).enumerated() {
        let map = map.to(device: .cpu).to(.float64)
        sums[scale] = sums[scale] + map.mean([0, 2, 3], keepingDimensions: true)
        squares[scale] = squares[scale] + map.square().mean([0, 2, 3], keepingDimensions: true)
      }
      progress(Double(index + 1) / Double(pictures.count))
    }
    var tensors: [String: StoredTensor] = [:]
    for scale in sums.indices {
      let mean = sums[scale] / Double(pictures.count)
      let variance = (squares[scale] / Double(pictures.count) - mean.square()).clamp(0, .infinity)
      tensors["means.\(scale)"] = mean.to(.float32).stored
      tensors["scales.\(scale)"] = (variance + configuration.floor).rsqrt().to(.float32).stored
    }
    return tensors
  }

  func response(to prepared: [Tensor]) -> Response {
    Response(
      prepared.indices.map { scale in
        let deviation = (prepared[scale].to(.float32) - means[scale]) * scales[scale]
        return deviation.square().mean([1], keepingDimensions: true).sqrt()
      })
  }

  func maps(of response: Response, height: Int, width: Int) -> Maps {
    let maps = response.scales.map { $0.interpolateBilinear(height: height, width: width) }
    let mean = Tensor.stack(maps).mean([0]).squeeze(1)
    return Maps(localization: mean, imageScore: mean.amax([1, 2]))
  }
}
