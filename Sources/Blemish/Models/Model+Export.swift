import Backbones
import Foundation
import Torch

/// What goes into a checkpoint beside the detector.
public struct ExportOptions: Sendable {
  /// Whether the backbone goes with it, where the published code wants it in the same file.
  public var includesBackbone = true
  /// Files with all published tensors of the backbone, those too that no feature comes from: the published U-Flow
  /// asks for all of a CaiT's.
  public var wholeBackbone: [String] = []

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
      throw ModelFileError(
        description: "\(path): its extension must say the kind of file: "
          + Self.exportExtensions.map { ".\($0)" }.joined(separator: ", "))
    }
    let checkpoint = try checkpoint(options)
    if kind == "safetensors" {
      try SafeTensors.write(WeightFile(tensors: checkpoint.tensors, metadata: ["format": "pt"]), to: path)
    } else {
      try PyTorchFile.write(checkpoint, to: path)
    }
    return try notes(on: checkpoint, options)
  }

  /// The model in the structure and under the names of its detector's published code.
  /// - Throws: ``ConfigurationError`` where a file for the backbone is of other weights than the model's.
  func checkpoint(_ options: ExportOptions) throws -> PyTorchFile.Value {
    let checkpoint = try DetectorCatalogue.named(configuration.detector).checkpoint(
      of: parameters.stateDict(),
      backbone: options.includesBackbone ? backboneParts(options.wholeBackbone) : [],
      epoch: configuration.training?.progress.keptEpoch ?? 0)
    let isOwn = try BackboneCatalogue.named(configuration.backbone).components.isEmpty
    guard isOwn, options.includesBackbone, !backboneWeights.isEmpty else { return checkpoint }
    return checkpoint.adding(ownBackboneKey, .stateDict(backboneWeights))
  }

  private func backboneParts(_ paths: [String]) throws -> [PublishedBackbonePart] {
    let description = try BackboneCatalogue.named(configuration.backbone)
    let files = try paths.map(LoadedWeights.init(path:)).map(\.file)
    if !files.isEmpty {
      guard try contentHash(of: description.stateDict(from: files)) == configuration.backboneHash else {
        throw ConfigurationError(
          "\(paths.joined(separator: ", ")): not the weights of \(description.name) that the model was trained with"
        )
      }
    }
    return try zip(description.components, description.componentStateDicts(of: backboneWeights)).map {
      part, used in
      let whole = try files.compactMap { try part.wholeStateDict(in: $0.tensors) }.first
      return PublishedBackbonePart(used: used, whole: whole)
    }
  }

  private func notes(on checkpoint: PyTorchFile.Value, _ options: ExportOptions) throws -> [String] {
    let backbone = try BackboneCatalogue.named(configuration.backbone)
    var notes = [
      "such a file does not say how pictures are brought to \(configuration.height)x\(configuration.width), and "
        + "holds no calibration of the a contrario test"
    ]
    let found = try DetectorCatalogue.published(in: checkpoint.tensors, named: configuration.detector)
    if found.configuration != configuration.detectorConfiguration {
      notes.append(
        "it does not say all of the configuration \(configuration.detectorConfiguration): whoever reads it will take "
          + found.configuration)
    }
    if backbone.components.isEmpty {
      let place =
        backboneWeights.isEmpty || !options.includesBackbone ? "" : ", and finds its weights in the file"
      notes.append("the published code has no backbone '\(backbone.name)'; 'blemish import' knows it\(place)")
    } else if !found.others.isEmpty, backbone.components.count > 1, options.wholeBackbone.isEmpty {
      notes.append(
        "the published loader asks for the transformers' unused tensors too: give their files with --weights, or "
          + "load with strict=False")
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
    if configuration.training?.finished == false { notes.append("the training of the model is not finished") }
    return notes
  }
}
