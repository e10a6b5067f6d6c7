import BlemishBackbones
import BlemishCore
import BlemishDetectors
import BlemishFiles
import BlemishTorch
import BlemishWeights

/// What a user says about a checkpoint of published code that the checkpoint itself does not.
public struct ImportOptions: Sendable {
  /// The detectors that a checkpoint may be of.
  public var detectors = DetectorCatalogue.standard
  /// The detector's name in the catalogue; nil where the names of the tensors tell.
  public var detector: String?
  /// The backbone's name in the catalogue; nil where the checkpoint or the given weights tell.
  public var backbone: String?
  /// Files with the backbone's weights, for a checkpoint without them; none for those in the cache.
  public var weights: [String] = []
  /// The size of the pictures at the backbone, for a checkpoint that does not show it; nil for the published one.
  public var size: RequestedSize?
  /// Where weights are looked for that neither the checkpoint nor a file holds.
  public var cache = WeightCache()
  /// Where tensors live.
  public var device = Device.cpu

  /// Nothing but what the checkpoint says.
  public init() {}
}

/// A model made of a checkpoint of a detector's published code.
public struct ImportedModel {
  /// The model. It has no calibration: its a contrario test is the published one.
  public let model: Model
  /// What the user should know: where the backbone's weights come from, what the checkpoint does not say, which
  /// of its tensors are passed over.
  public private(set) var notes: [String] = []

  /// Reads a checkpoint.
  /// - Throws: ``ModelFileError``, or an error of a weight file's; each names the file.
  public init(contentsOf path: String, options: ImportOptions = ImportOptions()) throws {
    let checkpoint = try LoadedWeights(path: path)
    do {
      try self.init(checkpoint, options)
    } catch let error as DataFileError {
      throw error
    } catch {
      throw ModelFileError(path: path, problem: .exchange(error))
    }
  }

  private init(_ checkpoint: LoadedWeights, _ options: ImportOptions) throws {
    guard checkpoint.file.metadata["blemish"] == nil else {
      throw ExchangeError.alreadyAModel
    }
    let tensors = checkpoint.file.tensors
    let published = try options.detectors.published(in: tensors, named: options.detector)
    let given = try options.weights.map(LoadedWeights.init(path:))
    let backbone = try Self.backbone(of: published, options.backbone, in: [checkpoint] + given)
    let own = Self.ownBackbone(in: checkpoint)
    let prefixes = try backbone.components.compactMap { try $0.prefix(in: tensors) }
    let isWhole = prefixes.count == backbone.components.count
    let others = try given.isEmpty && !isWhole ? backbone.cachedWeights(in: options.cache) : given
    let weights =
      backbone.components.isEmpty
      ? (given.isEmpty ? own.map { [$0] } ?? [] : given)
      : (prefixes.isEmpty ? [] : [checkpoint]) + (isWhole ? [] : others)
    let size = try Self.size(of: published, backbone, requested: options.size)
    let parameters = Parameters(published.stateDict, device: options.device)
    var model = try withTorchErrors {
      try Model(
        detector: published.type, detectorConfiguration: published.configuration, backbone: backbone,
        weights: weights, height: size.height, width: size.width, precision: .auto, parameters: parameters)
    }
    model.configuration.scoreShare = backbone.scoreShare
    self.model = model
    try parameters.requireNothingLeftOver()

    if backbone.components.isEmpty {
      if backbone.builtIn != nil && weights.isEmpty {
        notes.append(
          "the checkpoint does not hold the weights of the backbone \(backbone.name), and the program's own are taken: "
            + "if the detector was trained on tuned ones, as Blemish does, its verdicts are worth nothing; "
            + "give the others' file")
      } else {
        let place = weights.first.map { " with the weights in \($0.path)" } ?? ""
        notes.append("the backbone is \(backbone.name)\(place)")
      }
    } else if isWhole {
      notes.append("the backbone \(backbone.name) is the checkpoint's own")
      if !given.isEmpty { notes.append("the files that were given are not needed and were passed over") }
    } else {
      notes.append(
        "the backbone \(backbone.name) comes from \(weights.map(\.path).joined(separator: ", ")): the checkpoint "
          + "does not hold it, so that nothing tells whether the detector was trained on these weights")
    }
    if published.features == nil && options.size == nil {
      notes.append(
        "the checkpoint does not say at which size pictures were seen: the published \(size.height)x\(size.width) is taken"
      )
    }
    let passedOver = published.others.filter { name in
      !prefixes.contains(where: name.hasPrefix) && (own == nil || !name.hasPrefix(ownBackboneKey + "."))
    }
    if !passedOver.isEmpty { notes.append("passed over: \(Self.summary(of: passedOver))") }
    notes.append(
      "the a contrario test is the published one, since published checkpoints hold no calibration; calibrating on good "
        + "pictures makes one")
  }

  /// The weights of a backbone that the published code does not know, where 'blemish export' wrote them.
  private static func ownBackbone(in checkpoint: LoadedWeights) -> LoadedWeights? {
    var own = checkpoint
    own.file = WeightFile(tensors: [:], metadata: [:])
    for (name, tensor) in checkpoint.file.tensors where name.hasPrefix(ownBackboneKey + ".") {
      own.file.tensors[String(name.dropFirst(ownBackboneKey.count + 1))] = tensor
    }
    return own.file.tensors.isEmpty ? nil : own
  }

  /// The backbone that was named, else the only one whose weights are at hand, else the only one that gives
  /// features of these channels.
  private static func backbone(
    of published: PublishedDetector, _ name: String?, in files: [LoadedWeights]
  ) throws -> BackboneDescription {
    let fitting = BackboneCatalogue.standard.all.filter { $0.channels == published.channels }
    guard !fitting.isEmpty else {
      throw ExchangeError.noBackbone(channels: published.channels)
    }
    let names = fitting.map(\.name)
    if let name {
      let named = try BackboneCatalogue.standard.named(name)
      guard named.channels == published.channels else {
        throw ExchangeError.unfitBackbone(name, channels: published.channels, fitting: names)
      }
      return named
    }
    let held = try fitting.filter { backbone in
      try !backbone.components.isEmpty
        && backbone.components.allSatisfy { part in
          try files.contains { try part.prefix(in: $0.file.tensors) != nil }
        }
    }
    if let only = held.count == 1 ? held.first : fitting.count == 1 ? fitting.first : nil { return only }
    throw ExchangeError.severalBackbones(names, channels: published.channels)
  }

  private static func size(
    of published: PublishedDetector, _ backbone: BackboneDescription, requested: RequestedSize?
  ) throws -> (height: Int, width: Int) {
    let wanted: (height: Int, width: Int)? =
      switch requested {
      case .side(let side): (side, side)
      case .exact(let height, let width): (height, width)
      case .own:
        throw ExchangeError.noOwnSize
      case nil: nil
      }
    guard let features = published.features else {
      let side = published.type.preparation.size ?? backbone.defaultSize
      return wanted ?? (side, side)
    }
    let sizes = zip(features, backbone.strides).map { ($0.height * $1, $0.width * $1) }
    guard let size = sizes.first, sizes.allSatisfy({ $0 == size }) else {
      throw ExchangeError.noPicture(features: features, backbone: backbone.name)
    }
    if let wanted, wanted != size {
      throw ExchangeError.otherSize(expected: size, asked: wanted)
    }
    return size
  }

  /// The names, those below one first part counted together.
  private static func summary(of names: Set<String>) -> String {
    let groups = Dictionary(grouping: names) { $0.prefix { $0 != "." } }
    let parts = groups.sorted { $0.key < $1.key }.map { first, names in
      names.count == 1 ? names[0] : "\(first).* (\(names.count) tensors)"
    }
    return parts.prefix(8).joined(separator: ", ") + (parts.count > 8 ? ", ..." : "")
  }
}
