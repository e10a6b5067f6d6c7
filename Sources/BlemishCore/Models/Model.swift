import BlemishBackbones
import BlemishFiles
import BlemishTorch
import Foundation

/// A detector with its backbone, ready to judge pictures.
///
/// A model is a value that never changes once it is made: any number of threads and tasks may use it at the same time.
/// What trains a model holds what changes, and makes a new model of it.
public struct Model: Sendable {
  /// What the model is.
  public package(set) var configuration: ModelConfiguration
  /// What the detector's features are.
  public let features: FeatureDescription
  /// The frozen network that sees the pictures.
  public let backbone: any Backbone
  /// What turns its features into evidence.
  public let detector: any Detector
  /// Where the tensors live.
  public let device: Device
  /// With what numbers the backbone computes.
  public let precision: Precision
  /// The detector's tensors by name.
  package let detectorTensors: [String: Tensor]
  /// The backbone's tensors by name, for the file; empty where they are drawn.
  package let backboneWeights: [String: StoredTensor]

  package init(
    configuration: ModelConfiguration, features: FeatureDescription, backbone: any Backbone,
    backboneWeights: [String: StoredTensor],
    detector: any Detector, detectorTensors: [String: Tensor], device: Device, precision: Precision
  ) {
    self.configuration = configuration
    self.features = features
    self.backbone = backbone
    self.backboneWeights = backboneWeights
    self.detector = detector
    self.detectorTensors = detectorTensors
    self.device = device
    self.precision = precision
  }

  /// A new model.
  /// - Parameters:
  ///   - type: the detector.
  ///   - detectorConfiguration: its configuration in JSON; nil for the published one.
  ///   - weights: files with the backbone's weights; none for those that ship with it, or are drawn.
  ///   - joiningEvidence: whether the embedded backbone's evidence joins the features of this one, which gives none.
  ///   - tile: the side of the tiles that pictures are seen in; nil to see them whole.
  ///   - precision: the backbone's; nil for that of the parameters.
  ///   - parameters: the detector's, freshly initialised or from a state dict; the model lives where they do.
  /// - Throws: ``DetectorError``, ``PictureSizeError`` and `BackboneError` when the parts do not fit together.
  public init(
    detector type: any Detector.Type, detectorConfiguration: String? = nil,
    backbone description: BackboneDescription, weights: [LoadedWeights] = [],
    joiningEvidence: Bool = false, height: Int, width: Int, tile: Int? = nil, embeddingBackbone: Bool = true,
    precision: Precision? = nil, parameters: Parameters
  ) throws {
    try PictureSize.check(height: height, width: width, tile: tile, for: description)
    let own = try description.stateDict(from: weights.map(\.file))
    try self.init(
      type, detectorConfiguration, description,
      weights: joiningEvidence ? description.joined(own) : own, height: height, width: width, tile: tile,
      precision: precision ?? Precision(parameters.productType), parameters: parameters)
    configuration.backboneFiles = weights.map(\.path)
    configuration.embedsBackbone = (embeddingBackbone || joiningEvidence) && !backboneWeights.isEmpty
  }

  /// A model on a backbone with these weights, which no file holds; without, they are drawn.
  package init(
    _ type: any Detector.Type, _ detectorConfiguration: String?, _ description: BackboneDescription,
    weights: [String: StoredTensor]?, height: Int, width: Int, tile: Int? = nil, precision: Precision,
    parameters: Parameters
  ) throws {
    let preparation = type.preparation
    let precision = description.precision(precision, on: parameters.device)
    let map = PictureSize.map(
      height: height, width: width, shorterSide: tile == nil ? preparation.mapSide : nil)
    try PictureSize.check(mapHeight: map.height, mapWidth: map.width)
    let backbone =
      if let weights {
        try description.build(
          weights, padding: preparation.padding, precision: precision, device: parameters.device)
      } else {
        try description.buildGenerated(
          padding: preparation.padding, precision: precision, device: parameters.device)
      }
    let side = tile ?? max(height, width)
    let features = FeatureDescription(
      of: backbone, description, height: min(side, height), width: min(side, width), tiled: tile != nil)
    if tile != nil { try TileGrid.check(type, features, backbone: description.name) }
    let json = try detectorConfiguration ?? type.standardJSON(for: features)
    let detector = try type.make(parameters.root, features: features, json: json)
    self.init(
      configuration: ModelConfiguration(
        detector: type.name, detectorConfiguration: json, backbone: description.name,
        backboneHash: Self.backboneHash(of: weights ?? [:]), backboneFiles: [], embedsBackbone: false,
        height: height, width: width, tile: tile, filter: preparation.filter, padding: preparation.padding,
        mapHeight: map.height, mapWidth: map.width, features: features.shapes),
      features: features, backbone: backbone, backboneWeights: weights ?? [:], detector: detector,
      detectorTensors: parameters.all,
      device: parameters.device, precision: precision)
  }

  /// What a model records of its backbone's weights; nil where they are drawn.
  package static func backboneHash(of weights: [String: StoredTensor]) -> String? {
    weights.isEmpty ? nil : contentHash(of: weights)
  }

  /// The model with other weights in its backbone, which from then on travel in the model file.
  /// - Throws: `ParameterError` when they are another network's; ``ModelFileError/Problem/features(expected:found:)``
  ///   when its maps have other shapes than the detector's.
  package func replacingBackbone(
    _ description: BackboneDescription, _ weights: [String: StoredTensor]
  ) throws -> Model {
    let other = try withTorchErrors {
      try description.build(weights, padding: configuration.padding, precision: precision, device: device)
    }
    guard other.channels == backbone.channels, other.strides == backbone.strides else {
      throw DetectorError.features(
        detector: configuration.detector, problem: "the backbone's weights give other feature maps")
    }
    var changed = configuration
    changed.backboneHash = contentHash(of: weights)
    changed.embedsBackbone = true
    return Model(
      configuration: changed, features: features, backbone: other, backboneWeights: weights,
      detector: detector,
      detectorTensors: detectorTensors, device: device, precision: precision)
  }

  /// The model with another detector of the same kind: one that has been fitted.
  package func replacingDetector(_ detector: any Detector, _ tensors: [String: Tensor]) -> Model {
    Model(
      configuration: configuration, features: features, backbone: backbone, backboneWeights: backboneWeights,
      detector: detector, detectorTensors: tensors, device: device, precision: precision)
  }

  /// The feature maps of prepared pictures or tiles `[batch, 3, height, width]`, finest scale first.
  public func features(of images: Tensor) -> [Tensor] {
    withoutGradient { backbone(images.to(device: device)) }
  }

  /// The detector's tensors in the form in which files hold them.
  package func stateDict() -> [String: StoredTensor] { detectorTensors.mapValues(\.stored) }
}

extension FeatureDescription {
  /// The features of pictures, or tiles, of a size.
  package init(
    of backbone: any Backbone, _ description: BackboneDescription, height: Int, width: Int, tiled: Bool
  ) {
    self.init(
      shapes: zip(backbone.channels, backbone.strides).map {
        FeatureShape(channels: $0, height: height / $1, width: width / $1)
      }, strides: backbone.strides, areNormalised: description.featureScale == .normalised, areOfTiles: tiled)
  }
}
