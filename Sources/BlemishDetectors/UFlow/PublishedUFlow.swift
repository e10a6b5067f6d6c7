import BlemishCore
import BlemishFiles
import BlemishTorch
import Foundation

/// The state dict of the published U-Flow code, to and from the names used here.
///
/// The names are the same, but for three kinds of tensors: a permutation is a one-hot matrix there (`w_perm`,
/// with its transpose `w_perm_inv`), and the upsampling has a fixed kernel (`downsample_kernel`).
enum PublishedUFlow {
  /// The U-Flow that a checkpoint holds, below whatever name (`model.` as the published trainer has it); nil where
  /// it holds none.
  static func detector(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector? {
    let mark = "flow.module_list.0.global_scale"
    let prefixes = checkpoint.keys.filter { $0 == mark || $0.hasSuffix("." + mark) }
      .map { String($0.dropLast(mark.count)) }.sorted()
    guard let prefix = prefixes.first else { return nil }
    guard prefixes.count == 1 else {
      throw CheckpointError.several(detector: UFlow.name, prefixes: prefixes)
    }
    var own: [String: StoredTensor] = [:]
    var others: Set<String> = []
    for (name, tensor) in checkpoint {
      let published = String(name.dropFirst(prefix.count))
      if name.hasPrefix(prefix), ["flow.", normalizations].contains(where: published.hasPrefix) {
        own[published] = tensor
      } else {
        others.insert(name)
      }
    }
    let stages = try stages(of: own)
    let features = try features(of: own, scales: stages.channels.count)
    return try PublishedDetector(
      UFlow.self,
      configuration: UFlow.Configuration(flowSteps: stages.steps, normalisesFeatures: features != nil),
      stateDict: stateDict(fromPublished: own), channels: stages.channels, features: features, others: others)
  }

  /// The checkpoint of the published trainer that its `from_pretrained` needs: the flow, and the backbone where
  /// it is to be in it.
  static func checkpoint(
    of stateDict: [String: StoredTensor], backbone: [PublishedBackbonePart]
  ) throws -> PyTorchFile.Value {
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in try published(fromStateDict: stateDict) { tensors["model.\(name)"] = tensor }
    for (index, part) in backbone.enumerated() {
      // The published code builds a ResNet as far as its features go, but its pair of transformers whole.
      let (number, kept) = backbone.count > 1 ? ("\(index + 1)", part.whole ?? part.used) : ("", part.used)
      for (name, tensor) in kept { tensors["model.feature_extractor.extractor\(number).\(name)"] = tensor }
    }
    return .dictionary([("state_dict", .stateDict(tensors))])
  }

  private static let normalizations = "feature_extractor.feature_normalizations."

  /// The steps of every stage, and the channels of the features that join it, finest scale first.
  private static func stages(
    of published: [String: StoredTensor]
  ) throws -> (steps: Int, channels: [Int]) {
    var widths: [Int: Int] = [:]
    for (name, tensor) in published where name.hasPrefix("flow.") && name.hasSuffix(".global_scale") {
      let parts = name.split(separator: ".")
      guard parts.count == 4, let module = Int(parts[2]), tensor.shape.count == 4,
        plausibleSizes.contains(tensor.shape[1])
      else { throw CheckpointError.tensor(name: name, shape: tensor.shape, expected: "a flow step's") }
      widths[module] = tensor.shape[1]
    }
    // Between two stages the list of modules has three others: split, upsampling, concatenation.
    let steps = (0...).first { widths[$0] == nil } ?? 0
    let modules = widths.keys.sorted()
    let expected = modules.indices.map { $0 / steps * (steps + 3) + $0 % steps }
    guard modules == expected, modules.count % steps == 0 else {
      throw CheckpointError.structure(
        "its flow has steps at the places \(modules.map(String.init).joined(separator: ", ")), which are not "
          + "stages of \(steps) steps with three other modules between them")
    }
    var arriving = 0
    let channels = stride(from: 0, to: modules.count, by: steps).map { first in
      let width = widths[modules[first], default: 0]
      defer { arriving = width / 8 }
      return width - arriving
    }
    guard channels.allSatisfy({ $0 > 0 }) else {
      throw CheckpointError.structure(
        "its stages do not leave room for features of their scales: \(channels)")
    }
    return (steps, channels.reversed())
  }

  /// The shapes of the features where they are normalised, finest scale first; nil where they are not.
  private static func features(
    of published: [String: StoredTensor], scales: Int
  ) throws -> [FeatureShape]? {
    guard published.keys.contains(where: { $0.hasPrefix(normalizations) }) else { return nil }
    return try (0..<scales).map { scale in
      let name = "\(normalizations)\(scale).weight"
      guard let shape = published[name]?.shape else { throw ParameterError.missing(name: name) }
      guard shape.count == 3, shape.allSatisfy(plausibleSizes.contains) else {
        throw CheckpointError.tensor(name: name, shape: shape, expected: "the norm of a feature map")
      }
      return FeatureShape(channels: shape[0], height: shape[1], width: shape[2])
    }
  }

  /// The tensors of ``UFlow`` out of a published state dict whose names begin with `flow.` or
  /// `feature_extractor.`; the backbone's own tensors are passed over.
  /// - Throws: ``ParameterError`` when a permutation is none.
  static func stateDict(fromPublished published: [String: StoredTensor]) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for (name, tensor) in published {
      if name.hasSuffix(".w_perm_inv") || name.hasSuffix(".downsample_kernel") { continue }
      if name.hasSuffix(".w_perm") {
        let own = name.dropLast("w_perm".count) + "permutation"
        result[String(own)] = try PublishedPermutation.sources(fromMatrix: tensor, name: name)
      } else if name.hasPrefix("flow.") || name.contains("feature_normalizations.") {
        result[name] = tensor
      }
    }
    return result
  }

  /// The published state dict of the tensors of ``UFlow``.
  static func published(fromStateDict stateDict: [String: StoredTensor]) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    var risingChannels: [Int: Int] = [:]
    for (name, tensor) in stateDict {
      guard name.hasSuffix(".permutation") else {
        result[name] = tensor
        continue
      }
      let place = name.dropLast("permutation".count)
      let sources = try tensor.int64s().map { Int($0) }
      result["\(place)w_perm"] = PublishedPermutation.matrix(sources, transposed: false)
      result["\(place)w_perm_inv"] = PublishedPermutation.matrix(sources, transposed: true)
      if let index = place.split(separator: ".").last.flatMap({ Int($0) }) {
        risingChannels[index] = sources.count / 8 * 4
      }
    }
    // The upsampling is the second of the three modules between two stages.
    for index in risingChannels.keys
    where risingChannels[index + 1] == nil && risingChannels[index + 4] != nil {
      result["flow.module_list.\(index + 2).downsample_kernel"] = upsamplingKernel(
        channels: risingChannels[index]!)
    }
    return result
  }

  /// The fixed kernel `[channels, 1, 2, 2]` by which four channels become one of twice the size.
  private static func upsamplingKernel(channels: Int) -> StoredTensor {
    let values = (0..<channels).flatMap { channel in (0..<4).map { Float($0 == channel % 4 ? 1 : 0) } }
    return StoredTensor(floats: values, shape: [channels, 1, 2, 2])
  }
}

extension UFlow: ExchangesCheckpoints {
  /// What a checkpoint of the published trainer says; nil where it is of another code.
  /// - Throws: `ParameterError` and `CheckpointError`.
  public static func published(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector? {
    try PublishedUFlow.detector(in: checkpoint)
  }

  /// The checkpoint that the published code's `from_pretrained` reads.
  /// - Throws: an error where the tensors are not a U-Flow's.
  public static func checkpoint(
    of stateDict: [String: StoredTensor], backbone: [PublishedBackbonePart], epoch: Int
  ) throws -> PyTorchFile.Value {
    try PublishedUFlow.checkpoint(of: stateDict, backbone: backbone)
  }
}
