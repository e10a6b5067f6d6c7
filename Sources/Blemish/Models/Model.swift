import Backbones
import Foundation
import Imaging
import Torch

/// A detector with its backbone, ready to look at pictures.
public struct Model {
  /// What the model is.
  public var configuration: ModelConfiguration
  /// The frozen network that sees the pictures.
  public internal(set) var backbone: any Backbone
  /// The density model of its features.
  public let detector: any Detector
  /// The detector's tensors by name.
  public let parameters: Parameters
  /// The backbone's tensors, by name, for the file; empty for seeded weights.
  var backboneWeights: [String: StoredTensor]
  /// Where the tensors live.
  public let device: Device
  /// With what numbers the backbone computes.
  public let precision: Precision

  /// A new model.
  /// - Parameters:
  ///   - tile: the side of the tiles that pictures are seen in; nil to see them whole.
  ///   - precision: the backbone's; nil for that of the parameters.
  ///   - parameters: the detector's, freshly initialised or from a state dict; the model lives where they do.
  /// - Throws: ``ConfigurationError`` and ``BackboneError`` when the parts do not fit together.
  public init(
    detector type: any DetectorType.Type, detectorConfiguration: String? = nil,
    backbone description: BackboneDescription, weights: [LoadedWeights], height: Int, width: Int,
    tile: Int? = nil, embeddingBackbone: Bool = true, precision: Precision? = nil, parameters: Parameters
  ) throws {
    try PictureSize.check(height: height, width: width, tile: tile, for: description)
    try self.init(
      type, detectorConfiguration, description,
      weights: try description.stateDict(from: weights.map(\.file)), height: height, width: width, tile: tile,
      precision: precision ?? Precision(parameters.productType), parameters: parameters)
    configuration.backboneFiles = weights.map(\.path)
    configuration.embedsBackbone = embeddingBackbone && !backboneWeights.isEmpty
  }

  /// A model on a backbone with these weights, which no file holds; without, they are drawn.
  init(
    _ type: any DetectorType.Type, _ detectorConfiguration: String?, _ description: BackboneDescription,
    weights: [String: StoredTensor]?, height: Int, width: Int, tile: Int? = nil, precision: Precision,
    parameters: Parameters
  ) throws {
    let preparation = type.preparation
    self.parameters = parameters
    device = parameters.device
    self.precision = description.precision(precision, on: device)
    let map = Self.mapSize(height: height, width: width, shorterSide: tile == nil ? preparation.mapSide : nil)
    try PictureSize.check(mapHeight: map.height, mapWidth: map.width)
    backboneWeights = weights ?? [:]
    if let weights {
      backbone = try description.build(
        weights, padding: preparation.padding, precision: self.precision, device: device)
    } else {
      backbone = try description.buildGenerated(
        padding: preparation.padding, precision: self.precision, device: device)
    }
    let side = tile ?? max(height, width)
    if tile != nil, let coarsest = backbone.strides.last,
      !TileGrid.multiple.isMultiple(of: coarsest * type.pooling)
    {
      throw ConfigurationError(
        "\(type.name) on \(description.name) cannot see pictures in tiles: a cell of its coarsest map is "
          + "\(coarsest * type.pooling) pixels wide; leave out --tile, or take another backbone")
    }
    let features = backbone.featureShapes(height: min(side, height), width: min(side, width))
    let json = try detectorConfiguration ?? type.standardJSON(scales: features.count)
    detector = try type.make(
      parameters.root, features: features, normalisingFeatures: description.normalisesFeatures, json: json)
    configuration = ModelConfiguration(
      detector: type.name, detectorConfiguration: json, backbone: description.name,
      backboneHash: Self.backboneHash(of: backboneWeights),
      backboneFiles: [], embedsBackbone: false, height: height, width: width, tile: tile,
      filter: preparation.filter.rawValue, padding: preparation.padding.rawValue, mapHeight: map.height,
      mapWidth: map.width, features: features)
  }

  /// What a model records of its backbone's weights; nil where they are drawn.
  static func backboneHash(of weights: [String: StoredTensor]) -> String? {
    weights.isEmpty ? nil : contentHash(of: weights)
  }

  /// Gives the backbone other weights, which from then on travel in the model file.
  /// - Throws: ``ParameterError`` when they are another network's; ``ConfigurationError`` when its maps have other
  ///   shapes than the detector's.
  mutating func replaceBackbone(_ weights: [String: StoredTensor]) throws {
    let description = try BackboneCatalogue.named(configuration.backbone)
    let padding = Padding(rawValue: configuration.padding) ?? .zeros
    let other = try withTorchErrors {
      try description.build(weights, padding: padding, precision: precision, device: device)
    }
    guard other.channels == backbone.channels, other.strides == backbone.strides else {
      throw ConfigurationError("the backbone's weights give other feature maps than the detector's")
    }
    backbone = other
    backboneWeights = weights
    configuration.backboneHash = contentHash(of: weights)
    configuration.embedsBackbone = true
  }

  /// The size at which maps are evaluated: the shorter side given, the other in proportion.
  private static func mapSize(height: Int, width: Int, shorterSide: Int?) -> (height: Int, width: Int) {
    guard let side = shorterSide else { return (height, width) }
    let shorter = min(height, width)
    return ((height * side + shorter / 2) / shorter, (width * side + shorter / 2) / shorter)
  }

  /// The feature maps of prepared pictures or tiles `[batch, 3, height, width]`, finest scale first.
  public func features(_ images: Tensor) -> [Tensor] {
    withoutGradient { backbone(images.to(device: device)) }
  }
}

extension Backbone {
  /// The shapes of the feature maps of pictures of a size, finest first.
  func featureShapes(height: Int, width: Int) -> [FeatureShape] {
    zip(channels, strides).map { FeatureShape(channels: $0, height: height / $1, width: width / $1) }
  }
}

/// A weight file with the path that it came from.
public struct LoadedWeights: Sendable {
  /// Where it lies.
  public var path: String
  /// What it holds.
  public var file: WeightFile

  /// Reads a file.
  /// - Throws: an error that names the file.
  public init(path: String) throws {
    self.path = path
    file = try WeightFile(readingAny: path)
  }
}
