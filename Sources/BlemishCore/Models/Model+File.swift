import BlemishBackbones
import BlemishFiles
import BlemishImaging
import BlemishSupport
import BlemishTorch
import Foundation

/// How a model file is read.
public struct ModelReading: Sendable {
  /// The detectors that a model may name.
  public var detectors: DetectorCatalogue
  /// The backbones that a model may name.
  public var backbones = BackboneCatalogue.standard
  /// Files with the backbone's weights, for a model that does not hold them; none to look where they lay in training.
  public var weights: [String] = []
  /// With what numbers to compute.
  public var precision = Precision.auto
  /// Where tensors live.
  public var device = Device.cpu
  /// The most pixels that a picture may have to be decoded.
  public var maximumPixels = Picture.maximumPixelCount
  /// Whether a model whose training is not finished is read, too.
  public var allowsUnfinished = false
  /// Called with what is wrong with a calibration that cannot be used, which is then left out; nil to make that an
  /// error.
  public var damagedCalibration: (@Sendable (String) -> Void)?

  /// The standard way, with these detectors.
  public init(detectors: DetectorCatalogue) { self.detectors = detectors }
}

extension Model {
  /// The keys of the file's metadata: what the model is, and a hash over everything else in the file.
  private static let configurationKey = "blemish"
  private static let hashKey = "blemish.sha256"
  private static let detectorPrefix = "detector."
  private static let backbonePrefix = "backbone."

  /// Reads a model file.
  /// - Throws: ``ModelFileError``, or an error of the weight file's; each names the file.
  public init(contentsOf path: String, _ reading: ModelReading) throws {
    let file = try SafeTensors.read(path)
    self = try Self.building(path) { try Self.read(file, path: path, reading).model }
    guard reading.allowsUnfinished || configuration.isFinished else {
      throw ModelFileError(path: path, problem: .unfinished)
    }
  }

  /// Builds a model of a file so that a device that fails, for want of memory for instance, ends in an error.
  package static func building<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try withTorchErrors(body)
    } catch let error as TorchError {
      throw ModelFileError(path: path, problem: .unusable(error))
    }
  }

  /// The model that a file holds, and the detector's parameters, for whoever goes on to train them.
  /// - Parameter precision: gives the numbers to compute with, from what the file says of the model.
  package static func read(
    _ file: WeightFile, path: String, _ reading: ModelReading,
    precision: ((ModelConfiguration) -> Precision)? = nil
  ) throws -> (model: Model, parameters: Parameters) {
    do {
      return try read(file, reading, precision, path)
    } catch let problem as ModelFileError.Problem {
      throw ModelFileError(path: path, problem: problem)
    } catch let error as ModelFileError {
      throw error
    } catch {
      throw ModelFileError(path: path, problem: .unusable(error))
    }
  }

  private static func read(
    _ file: WeightFile, _ reading: ModelReading, _ precision: ((ModelConfiguration) -> Precision)?,
    _ path: String
  ) throws -> (model: Model, parameters: Parameters) {
    let note = DamageNote()
    var configuration = try configuration(of: file, note: reading.damagedCalibration == nil ? nil : note)
    try checkHash(of: file, configuration)
    let description = try reading.backbones.named(configuration.backbone)
    let type = try reading.detectors.named(configuration.detector)
    try PictureSize.check(
      height: configuration.height, width: configuration.width, tile: configuration.tile, for: description)
    try PictureSize.check(mapHeight: configuration.mapHeight, mapWidth: configuration.mapWidth)
    let choice = precision?(configuration) ?? reading.precision
    let ofBackbone = description.precision(choice, on: reading.device)
    let weights =
      configuration.embedsBackbone
      ? tensors(of: file, below: backbonePrefix)
      : try backboneWeights(description, configuration, from: reading.weights)
    // The hash over the whole file is of weights within it, too.
    if let expected = configuration.backboneHash, !(configuration.embedsBackbone && configuration.format > 1),
      contentHash(of: weights) != expected
    {
      throw ModelFileError.Problem.backboneDiffers(expected: expected)
    }
    let backbone = try description.build(
      weights, padding: configuration.padding, precision: ofBackbone, device: reading.device)
    let seen = configuration.seenSize
    let features = FeatureDescription(
      of: backbone, description, height: seen.height, width: seen.width, tiled: configuration.tile != nil)
    guard configuration.features == features.shapes else {
      throw ModelFileError.Problem.features(expected: features.shapes, found: configuration.features)
    }
    if let damage = note.text ?? configuration.damageOfBackground(type) {
      guard let report = reading.damagedCalibration else { throw ModelFileError.Problem.calibration(damage) }
      report(damage)
      configuration.background = nil
    }
    configuration.maximumPixels = reading.maximumPixels
    configuration.file = ModelIdentity(
      name: ((path as NSString).lastPathComponent as NSString).deletingPathExtension,
      sha256: file.metadata[hashKey])
    let parameters = Parameters(
      tensors(of: file, below: detectorPrefix), device: reading.device, productType: choice.elementType)
    let detector = try type.make(
      parameters.root, features: features, json: configuration.detectorConfiguration)
    try parameters.requireNothingLeftOver()
    let model = Model(
      configuration: configuration, features: features, backbone: backbone, backboneWeights: weights,
      detector: detector, detectorTensors: parameters.all, device: reading.device, precision: ofBackbone)
    return (model, parameters)
  }

  /// What a model file says about its model, without building it.
  /// - Throws: ``ModelFileError`` when it is no model file.
  public static func configuration(ofFile path: String) throws -> ModelConfiguration {
    do {
      let file = try SafeTensors.read(path)
      let configuration = try configuration(of: file)
      try checkHash(of: file, configuration)
      return configuration
    } catch let problem as ModelFileError.Problem {
      throw ModelFileError(path: path, problem: problem)
    }
  }

  private static func configuration(of file: WeightFile, note: DamageNote? = nil) throws -> ModelConfiguration
  {
    guard let json = file.metadata[configurationKey] else { throw ModelFileError.Problem.notAModel }
    let decoder = JSONDecoder()
    if let note { decoder.userInfo[.damagedBackground] = note }
    do {
      return try decoder.decode(ModelConfiguration.self, from: Data(json.utf8))
    } catch let problem as ModelFileError.Problem {
      throw problem
    } catch {
      throw ModelFileError.Problem.configuration((error as? DecodingError)?.summary ?? "not JSON")
    }
  }

  private static func backboneWeights(
    _ description: BackboneDescription, _ configuration: ModelConfiguration, from paths: [String]
  ) throws -> [String: StoredTensor] {
    guard !description.components.isEmpty || description.builtIn != nil else { return [:] }
    let paths = paths.isEmpty ? configuration.backboneFiles : paths
    for path in paths where !FileManager.default.fileExists(atPath: path) {
      throw ModelFileError.Problem.backboneMissing(path: path)
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
    try write(to: path, stateDict: stateDict, extra: extra, replacing: .anyFile)
  }

  /// Writes the model where there is no file yet, or one that may be replaced.
  /// - Throws: an error that names the file; a file that was there before stays whole.
  package func write(
    to path: String, stateDict: [String: StoredTensor]? = nil, extra: [String: StoredTensor] = [:],
    replacing: AtomicFile.Replacement
  ) throws {
    var tensors = extra
    for (name, tensor) in stateDict ?? self.stateDict() { tensors[Self.detectorPrefix + name] = tensor }
    if configuration.embedsBackbone {
      for (name, tensor) in backboneWeights { tensors[Self.backbonePrefix + name] = tensor }
    }
    var written = configuration
    written.format = ModelConfiguration.currentFormat
    written.blemish = blemishVersion
    let json = try stableJSON(written)
    var file = WeightFile(tensors: tensors, metadata: [Self.configurationKey: json, "format": "pt"])
    Self.seal(&file)
    try SafeTensors.write(file, to: path, replacing: replacing)
  }

  // MARK: The hash over everything

  /// Writes the hash over everything else in the file into it.
  package static func seal(_ file: inout WeightFile) { file.metadata[hashKey] = hash(of: file) }

  /// SHA-256 over all metadata but the hash itself, and over all tensors.
  private static func hash(of file: WeightFile) -> String {
    let metadata = file.metadata.filter { $0.key != hashKey }.sorted { $0.key < $1.key }
      .map { "\($0.key.utf8.count) \($0.key) \($0.value.utf8.count) \($0.value)" }.joined(separator: "\n")
    return contentHash(of: file.tensors, after: metadata)
  }

  /// - Throws: ``ModelFileError/Problem/damaged(expected:found:)``.
  private static func checkHash(of file: WeightFile, _ configuration: ModelConfiguration) throws {
    // Files of format 1 have none.
    guard configuration.format > 1 else { return }
    let expected = file.metadata[hashKey] ?? "none"
    let found = hash(of: file)
    guard found == expected else { throw ModelFileError.Problem.damaged(expected: expected, found: found) }
  }
}

extension ModelConfiguration {
  /// What is wrong with the learnt background; nil where nothing is, and where there is none.
  fileprivate func damageOfBackground(_ detector: any Detector.Type) -> String? {
    guard let test = background?.test else { return nil }
    let grids = detector.responseShapes(of: features)
    guard test.energies.count == grids.count else {
      return "it is of \(test.energies.count) scales, and the model has \(grids.count)"
    }
    guard test.isSound else { return "its numbers are those of no test" }
    let fits = zip(test.energies, grids).allSatisfy { law, cells in
      law.height == Self.cells(cells.height, seen: seenSize.height, whole: height)
        && law.width == Self.cells(cells.width, seen: seenSize.width, whole: width)
    }
    return fits ? nil : "its grids are not those of the model's feature maps"
  }

  /// The cells along one side of the whole picture, where the detector sees so many at a time.
  private static func cells(_ cells: Int, seen: Int, whole: Int) -> Int {
    seen == whole ? cells : whole / max(seen / max(cells, 1), 1)
  }
}

/// SHA-256 over names, types, shapes and bytes of tensors, in the order of their names.
/// - Parameter text: what is hashed before them.
package func contentHash(of tensors: [String: StoredTensor], after text: String = "") -> String {
  var hash = SHA256()
  hash.update(text)
  for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
    hash.update("\(name) \(tensor.elementType.rawValue) \(tensor.shape)\n")
    hash.update(tensor.bytes)
  }
  return hexadecimal(hash.finalize())
}
