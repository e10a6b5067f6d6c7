import BlemishBackbones
import BlemishCore
import BlemishDetectors
import BlemishFiles
import BlemishSupport
import BlemishTorch
import Foundation

/// What goes into a checkpoint beside the detector.
public struct ExportOptions: Sendable {
  /// The detectors that a model may be of.
  public var detectors = DetectorCatalogue.standard
  /// Whether the backbone goes with it, where the published code wants it in the same file.
  public var includesBackbone = true
  /// Files with all published tensors of the backbone, those too that no feature comes from: the published U-Flow
  /// asks for all of a CaiT's.
  public var wholeBackbone: [String] = []
  /// Whether a file is replaced that was not exported before; devices never are.
  public var replacesForeignFiles = false

  /// The backbone's tensors that the model holds.
  public init() {}
}

/// What the weights of a backbone that the published code does not know are called in a checkpoint.
let ownBackboneKey = "blemish_backbone"

extension Model {
  /// The kinds of files that ``export(to:options:)`` writes, by their extensions.
  public static let exportExtensions = ["ckpt", "pt", "pth", "safetensors"]

  /// Writes the model in the form that its detector's published code loads: a file that `torch.load` reads, or
  /// safetensors with the same names joined by dots.
  /// - Returns: what the user should know: what such a file cannot say.
  /// - Throws: an error that names the file; nothing is left behind then.
  public func export(to path: String, options: ExportOptions = ExportOptions()) throws -> [String] {
    let kind = URL(fileURLWithPath: path).pathExtension.lowercased()
    guard Self.exportExtensions.contains(kind) else {
      throw ExchangeError.unknownKind(path: path, known: Self.exportExtensions)
    }
    let replacing = AtomicFile.Replacement.own([.export], force: options.replacesForeignFiles)
    try AtomicFile.check(path, replacing: replacing)
    let checkpoint = try checkpoint(options)
    if kind == "safetensors" {
      let metadata = ["format": "pt", OwnFile.exportMark: blemishVersion]
      try SafeTensors.write(
        WeightFile(tensors: checkpoint.tensors, metadata: metadata), to: path, replacing: replacing)
    } else {
      try PyTorchFile.write(checkpoint, to: path, replacing: replacing, mark: OwnFile.exportMark)
    }
    return try notes(on: checkpoint, options)
  }

  /// The model in the structure and under the names of its detector's published code.
  /// - Throws: ``ExchangeError`` where a file for the backbone is of other weights than the model's.
  func checkpoint(_ options: ExportOptions) throws -> PyTorchFile.Value {
    guard
      let type = try options.detectors.named(configuration.detector) as? any ExchangesCheckpoints.Type
    else { throw ExchangeError.noPublishedCode(detector: configuration.detector) }
    let checkpoint = try type.checkpoint(
      of: stateDict(),
      backbone: options.includesBackbone ? backboneParts(options.wholeBackbone) : [],
      epoch: keptEpoch)
    let isOwn = try BackboneCatalogue.standard.named(configuration.backbone).components.isEmpty
    guard isOwn, options.includesBackbone, !backboneWeights.isEmpty else { return checkpoint }
    return checkpoint.adding(ownBackboneKey, .stateDict(backboneWeights))
  }

  /// The epoch whose weights the model has; 0 where nothing is known of its training.
  private var keptEpoch: Int {
    guard case .integer(let epoch)? = configuration.training?["progress"]?["keptEpoch"] else { return 0 }
    return Int(epoch)
  }

  private func backboneParts(_ paths: [String]) throws -> [PublishedBackbonePart] {
    let description = try BackboneCatalogue.standard.named(configuration.backbone)
    let files = try paths.map(LoadedWeights.init(path:)).map(\.file)
    if !files.isEmpty {
      guard try contentHash(of: description.stateDict(from: files)) == configuration.backboneHash else {
        throw ExchangeError.otherWeights(paths: paths, backbone: description.name)
      }
    }
    return try zip(description.components, description.componentStateDicts(of: backboneWeights)).map {
      part, used in
      let whole = try files.compactMap { try part.wholeStateDict(in: $0.tensors) }.first
      return PublishedBackbonePart(used: used, whole: whole)
    }
  }

  private func notes(on checkpoint: PyTorchFile.Value, _ options: ExportOptions) throws -> [String] {
    let backbone = try BackboneCatalogue.standard.named(configuration.backbone)
    var notes = [
      "such a file does not say how pictures are brought to \(configuration.height)x\(configuration.width), and "
        + "holds no calibration of the a contrario test"
    ]
    let found = try options.detectors.published(in: checkpoint.tensors, named: configuration.detector)
    if found.configuration != configuration.detectorConfiguration {
      notes.append(
        "it does not say all of the configuration \(configuration.detectorConfiguration): whoever reads it will take "
          + found.configuration)
    }
    if backbone.components.isEmpty {
      let place =
        backboneWeights.isEmpty || !options.includesBackbone ? "" : ", and finds its weights in the file"
      notes.append("the published code has no backbone '\(backbone.name)'; Blemish's import knows it\(place)")
    } else if !found.others.isEmpty, backbone.components.count > 1, options.wholeBackbone.isEmpty {
      notes.append(
        "the published loader asks for the transformers' unused tensors too: give the files that hold them, or load with "
          + "strict=False")
    } else if found.others.isEmpty {
      notes.append("the weights of the backbone \(backbone.name) are not in it")
    }
    if let tiles = configuration.tiles {
      notes.append(
        "the flow is of tiles of \(tiles.tileHeight)x\(tiles.tileWidth), which the published code does not cut"
      )
    }
    if configuration.seenSize.height != configuration.seenSize.width {
      notes.append("the published code knows square pictures only")
    }
    if !configuration.isFinished { notes.append("the training of the model is not finished") }
    return notes
  }
}
