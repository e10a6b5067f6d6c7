import Backbones
import Crypto
import Foundation
import Imaging
import Torch

/// What is wrong with a model file.
public struct ModelFileError: Error, CustomStringConvertible {
  /// What is wrong with which file and what to do.
  public let description: String
}

extension Model {
  /// The key of the configuration in the file's metadata.
  private static let configurationKey = "blemish"
  private static let detectorPrefix = "detector."
  private static let backbonePrefix = "backbone."

  /// Reads a model file.
  /// - Parameters:
  ///   - weights: files with the backbone's weights, for a model that does not hold them; without, they are
  ///     looked for where they lay in training.
  ///   - damagedBackground: called with what is wrong with a learnt background that cannot be used, which is
  ///     then left out; without, that is an error.
  /// - Throws: ``ModelFileError``, or an error of the weight file's; each names the file.
  public init(
    contentsOf path: String, weights: [String] = [], precision: Precision = .auto, device: Device = .cpu,
    damagedBackground: ((String) -> Void)? = nil
  ) throws {
    let file = try SafeTensors.read(path)
    self = try Self.building(path) {
      try Self(
        file, path: path, weights: weights, precision: { _ in precision }, device: device,
        damagedBackground: damagedBackground)
    }
  }

  /// Builds a model of a file so that a device that fails, for want of memory for instance, ends in an error.
  static func building(_ path: String, _ body: () throws -> Model) throws -> Model {
    do {
      return try withTorchErrors(body)
    } catch let error as TorchError {
      throw ModelFileError(description: "\(path): its model cannot be built: \(error)")
    }
  }

  /// - Parameter precision: gives the numbers to compute with, from what the file says of the model.
  init(
    _ file: WeightFile, path: String, weights: [String] = [],
    precision: (ModelConfiguration) -> Precision = { _ in .auto }, device: Device,
    damagedBackground: ((String) -> Void)? = nil
  ) throws {
    do {
      var configuration = try Self.configuration(of: file, damagedBackground: damagedBackground)
      let description = try BackboneCatalogue.named(configuration.backbone)
      let choice = precision(configuration)
      self.precision = description.precision(choice, on: device)
      let type = try DetectorCatalogue.named(configuration.detector)
      guard let padding = Padding(rawValue: configuration.padding) else {
        throw ConfigurationError("unknown padding '\(configuration.padding)'")
      }
      guard ResamplingFilter(rawValue: configuration.filter) != nil else {
        throw ConfigurationError("unknown resampling filter '\(configuration.filter)'")
      }
      try PictureSize.check(
        height: configuration.height, width: configuration.width, tile: configuration.tile, for: description)
      try PictureSize.check(mapHeight: configuration.mapHeight, mapWidth: configuration.mapWidth)
      backboneWeights =
        configuration.embedsBackbone
        ? Self.tensors(of: file, below: Self.backbonePrefix)
        : try Self.backboneWeights(description, configuration, from: weights)
      if let expected = configuration.backboneHash, contentHash(of: backboneWeights) != expected {
        throw ConfigurationError(
          "the backbone's weights are not those that the model was trained with (SHA-256 \(expected))")
      }
      backbone = try description.build(
        backboneWeights, padding: padding, precision: self.precision, device: device)
      try configuration.checkFeatures(of: backbone)
      if let damage = configuration.damageOfBackground {
        guard let damagedBackground else { throw ConfigurationError(damagedCalibration(damage)) }
        damagedBackground(damage)
        configuration.background = nil
      }
      parameters = Parameters(
        Self.tensors(of: file, below: Self.detectorPrefix), device: device, productType: choice.elementType
      )
      detector = try type.make(
        parameters.root, features: configuration.features,
        normalisingFeatures: description.normalisesFeatures, json: configuration.detectorConfiguration)
      try parameters.requireNothingLeftOver()
      self.configuration = configuration
      self.device = device
    } catch let error as ModelFileError {
      throw error
    } catch {
      throw ModelFileError(description: "\(path): not a usable Blemish model: \(error)")
    }
  }

  /// What a model file says about its model, without building it.
  /// - Throws: ``ModelFileError`` when it is no model file.
  public static func configuration(ofFile path: String) throws -> ModelConfiguration {
    do {
      return try configuration(of: SafeTensors.read(path))
    } catch let error as ConfigurationError {
      throw ModelFileError(description: "\(path): not a usable Blemish model: \(error)")
    }
  }

  private static func configuration(
    of file: WeightFile, damagedBackground: ((String) -> Void)? = nil
  ) throws -> ModelConfiguration {
    guard let json = file.metadata[configurationKey] else {
      throw ConfigurationError(
        "its metadata has no Blemish configuration; 'blemish train' writes models, and weights of a backbone go "
          + "to its --weights")
    }
    struct Format: Decodable { var format: Int }
    let data = Data(json.utf8)
    if let format = try? JSONDecoder().decode(Format.self, from: data).format, format > 1 {
      throw ConfigurationError("it has form \(format), which needs a newer Blemish than \(blemishVersion)")
    }
    do {
      return try JSONDecoder().decode(ModelConfiguration.self, from: data)
    } catch {
      let summary = (error as? DecodingError)?.summary ?? "\(error)"
      if let rest = configurationWithoutBackground(data) {
        guard let damagedBackground else { throw ConfigurationError(damagedCalibration(summary)) }
        damagedBackground(summary)
        return rest
      }
      throw ConfigurationError(
        "its configuration cannot be read: \(summary); it is damaged, or was written by another version of "
          + "Blemish and has to be trained anew")
    }
  }

  /// The rest of a configuration whose learnt background is all that cannot be read; nil where it is not.
  private static func configurationWithoutBackground(_ json: Data) -> ModelConfiguration? {
    guard var object = (try? JSONSerialization.jsonObject(with: json)) as? [String: Any],
      object.removeValue(forKey: "background") != nil,
      let rest = try? JSONSerialization.data(withJSONObject: object)
    else { return nil }
    return try? JSONDecoder().decode(ModelConfiguration.self, from: rest)
  }

  private static func backboneWeights(
    _ description: BackboneDescription, _ configuration: ModelConfiguration, from paths: [String]
  ) throws -> [String: StoredTensor] {
    guard !description.components.isEmpty || description.builtIn != nil else { return [:] }
    let paths = paths.isEmpty ? configuration.backboneFiles : paths
    for path in paths where !FileManager.default.fileExists(atPath: path) {
      throw ConfigurationError(
        "it does not hold its backbone's weights, and \(path) does not exist: name them with --weights")
    }
    return try description.stateDict(from: paths.map { try LoadedWeights(path: $0).file })
  }

  private static func tensors(of file: WeightFile, below prefix: String) -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for (name, tensor) in file.tensors where name.hasPrefix(prefix) {
      result[String(name.dropFirst(prefix.count))] = tensor
    }
    return result
  }

  /// Writes the model to a file: under a temporary name, flushed, renamed.
  /// - Parameters:
  ///   - stateDict: the detector's tensors to write in place of the present ones.
  ///   - extra: further tensors, such as the state of an unfinished training.
  /// - Throws: an error that names the file; a file that was there before stays whole.
  public func write(
    to path: String, stateDict: [String: StoredTensor]? = nil, extra: [String: StoredTensor] = [:]
  ) throws {
    var tensors = extra
    for (name, tensor) in stateDict ?? parameters.stateDict() { tensors[Self.detectorPrefix + name] = tensor }
    if configuration.embedsBackbone {
      for (name, tensor) in backboneWeights { tensors[Self.backbonePrefix + name] = tensor }
    }
    let json = String(decoding: try JSONEncoder.stable.encode(configuration), as: UTF8.self)
    try SafeTensors.write(
      WeightFile(tensors: tensors, metadata: [Self.configurationKey: json, "format": "pt"]), to: path)
  }
}

extension ModelConfiguration {
  /// Checks that the detector's features are those that the backbone gives at the picture size.
  fileprivate func checkFeatures(of backbone: any Backbone) throws {
    let expected = backbone.featureShapes(height: seenSize.height, width: seenSize.width)
    guard features == expected else {
      throw ConfigurationError("its features \(features) are not the backbone's, \(expected)")
    }
  }

  /// What is wrong with the learnt background; nil where nothing is, and where there is none.
  fileprivate var damageOfBackground: String? {
    guard let test = background?.test else { return nil }
    guard test.energies.count == features.count else {
      return "it is of \(test.energies.count) scales, and the model has \(features.count)"
    }
    guard test.isSound else { return "its numbers are those of no test" }
    let pooling = (try? DetectorCatalogue.named(detector))?.pooling ?? 1
    let fits = zip(test.energies, features.map { $0.pooled(pooling) }).allSatisfy { law, cells in
      law.height == Self.cells(cells.height, seen: seenSize.height, whole: height)
        && law.width == Self.cells(cells.width, seen: seenSize.width, whole: width)
    }
    return fits ? nil : "its grids are not those of the model's feature maps"
  }

  /// The latents along one side of the whole picture, where the detector sees so many cells at a time.
  private static func cells(_ cells: Int, seen: Int, whole: Int) -> Int {
    seen == whole ? cells : whole / max(seen / max(cells, 1), 1)
  }
}

/// What to say of a learnt background that cannot be used.
private func damagedCalibration(_ damage: String) -> String {
  "its calibration is damaged (\(damage)); 'blemish calibrate' makes a new one"
}

/// SHA-256 over names, types, shapes and bytes of tensors, in the order of their names.
func contentHash(of tensors: [String: StoredTensor]) -> String {
  var hash = SHA256()
  for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
    hash.update(data: Data("\(name) \(tensor.elementType.rawValue) \(tensor.shape)\n".utf8))
    hash.update(data: tensor.bytes)
    tensor.releasePages()
  }
  return hexadecimal(hash.finalize())
}

/// A digest in hexadecimal digits.
func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
  digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
