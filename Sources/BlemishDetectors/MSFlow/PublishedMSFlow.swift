import BlemishCore
import BlemishFiles
import BlemishTorch

/// The state dict of the published MSFlow code, to and from the names used here.
///
/// The names are the same but for the permutations: those of the parallel flows are one-hot matrices there
/// (`w_perm`, with the transpose `w_perm_inv`), those of the fusion flow index vectors (`perm`, `perm_inv`).
///
/// Which scale a permutation of the fusion flow belongs to cannot be told from its index there: the order of the
/// published code's modules is not fixed, and its loader matches permutations by their lengths. So do we.
/// Between scales of equally many channels the file does not tell; there they are taken in the order of their
/// indices, finest scale first, which is how ``published(fromStateDict:)`` writes them. No published backbone has
/// such scales.
enum PublishedMSFlow {
  private static let fusion = "fusion_flow.module_list."

  /// The MSFlow that a checkpoint holds; nil where it holds none.
  static func detector(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector? {
    let own = checkpoint.filter { $0.key.hasPrefix("fusion_flow.") || $0.key.hasPrefix("parallel_flows.") }
    guard own.keys.contains(where: { $0.hasPrefix(fusion) }) else { return nil }
    let channels = fusionChannels(own)
    guard !channels.isEmpty else {
      throw CheckpointError.structure(
        "its fusion flow has no tensors 'conv_s' that show the channels of the scales")
    }
    var configuration = MSFlow.Configuration()
    configuration.parallelBlocks = channels.indices.map { scale in
      let place = "parallel_flows.\(scale).module_list."
      return own.keys.count { $0.hasPrefix(place) && $0.hasSuffix(".global_scale") }
    }
    // A subnet sees the first half of the channels, and the position encoding.
    for (scale, channels) in channels.enumerated() {
      let name = "parallel_flows.\(scale).module_list.0.subnet.conv1.weight"
      guard let inputs = own[name]?.shape.dropFirst().first, plausibleSizes.contains(inputs) else { continue }
      configuration.conditionChannels = inputs - (channels - channels / 2)
      break
    }
    return try PublishedDetector(
      MSFlow.self,
      configuration: configuration,
      stateDict: stateDict(fromPublished: own),
      channels: channels,
      others: Set(checkpoint.keys).subtracting(own.keys)
    )
  }

  /// The checkpoint that the published code's `load_weights` reads.
  static func checkpoint(of stateDict: [String: StoredTensor], epoch: Int) throws -> PyTorchFile.Value {
    let tensors = try published(fromStateDict: stateDict)
    func part(_ prefix: String) -> PyTorchFile.Value {
      let names = tensors.keys.filter { $0.hasPrefix(prefix) }
      return .stateDict(
        Dictionary(uniqueKeysWithValues: names.map { (String($0.dropFirst(prefix.count)), tensors[$0]!) })
      )
    }
    return .dictionary([
      ("epoch", .integer(epoch)),
      ("fusion_flow", part("fusion_flow.")),
      ("parallel_flows", .list(fusionChannels(tensors).indices.map { part("parallel_flows.\($0).") })),
    ])
  }

  /// The tensors of ``MSFlow`` out of a published state dict whose names begin with `fusion_flow.` or
  /// `parallel_flows.`; all others are passed over. A permutation that no scale's length fits keeps its name.
  /// - Throws: ``ParameterError`` when a permutation is none.
  static func stateDict(fromPublished published: [String: StoredTensor]) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    var fusionPermutations: [(index: Int, name: String, tensor: StoredTensor)] = []
    for (name, tensor) in published {
      if name.hasSuffix(".w_perm_inv") || name.hasSuffix(".perm_inv") { continue }
      if name.hasPrefix("parallel_flows."), name.hasSuffix(".w_perm") {
        let own = name.dropLast("w_perm".count) + "permutation"
        result[String(own)] = try PublishedPermutation.sources(fromMatrix: tensor, name: name)
      } else if let index = fusionPermutationIndex(name) {
        try checkPermutation(tensor, name: name)
        fusionPermutations.append((index, name, tensor))
      } else if name.hasPrefix("parallel_flows.") || name.hasPrefix("fusion_flow.") {
        result[name] = tensor
      }
    }
    fusionPermutations.sort { $0.index < $1.index }
    for (scale, channels) in fusionChannels(published).enumerated() {
      guard let place = fusionPermutations.firstIndex(where: { $0.tensor.shape == [channels] }) else {
        continue
      }
      result["\(fusion)\(scale).permutation"] = fusionPermutations.remove(at: place).tensor
    }
    for left in fusionPermutations { result[left.name] = left.tensor }
    return result
  }

  /// The published state dict of the tensors of ``MSFlow``.
  static func published(fromStateDict stateDict: [String: StoredTensor]) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for (name, tensor) in stateDict {
      guard name.hasSuffix(".permutation") else {
        result[name] = tensor
        continue
      }
      let place = name.dropLast("permutation".count)
      let sources = try tensor.int64s().map { Int($0) }
      if name.hasPrefix(fusion) {
        result["\(place)perm"] = tensor
        result["\(place)perm_inv"] = inverse(ofPermutation: sources)
      } else {
        result["\(place)w_perm"] = PublishedPermutation.matrix(sources, transposed: false)
        result["\(place)w_perm_inv"] = PublishedPermutation.matrix(sources, transposed: true)
      }
    }
    return result
  }

  /// The index I of `fusion_flow.module_list.I.perm`.
  private static func fusionPermutationIndex(_ name: String) -> Int? {
    guard name.hasPrefix(fusion), name.hasSuffix(".perm") else { return nil }
    return Int(name.dropFirst(fusion.count).dropLast(".perm".count))
  }

  /// The channels of every scale, finest first: the coupling's convolutions lead from one part of a scale's
  /// channels to the other and bear the scales' numbers.
  private static func fusionChannels(_ published: [String: StoredTensor]) -> [Int] {
    var channels: [Int: Int] = [:]
    for (name, tensor) in published where name.hasPrefix(fusion) {
      let parts = name.split(separator: ".")
      guard parts.count == 7, parts[3] == "subnet_1", parts[4] == "conv_s", parts[6] == "weight",
        let scale = Int(parts[5]), tensor.shape.count == 4,
        tensor.shape[..<2].allSatisfy(plausibleSizes.contains)
      else { continue }
      channels[scale] = tensor.shape[0] + tensor.shape[1]
    }
    return channels.sorted { $0.key < $1.key }.map(\.value)
  }

  private static func checkPermutation(_ tensor: StoredTensor, name: String) throws {
    guard tensor.elementType == .int64, tensor.shape.count == 1,
      try tensor.int64s().sorted() == Array(0..<Int64(tensor.count))
    else { throw ParameterError.notPermutation(name: name) }
  }

  private static func inverse(ofPermutation sources: [Int]) -> StoredTensor {
    var destinations = sources.map(Int64.init)
    for (destination, source) in sources.enumerated() { destinations[source] = Int64(destination) }
    return StoredTensor(int64s: destinations, shape: [sources.count])
  }
}

extension MSFlow: ExchangesCheckpoints {
  /// What a checkpoint of the published trainer says; nil where it is of another code.
  /// - Throws: `ParameterError` and `CheckpointError`.
  public static func published(in checkpoint: [String: StoredTensor]) throws -> PublishedDetector? {
    try PublishedMSFlow.detector(in: checkpoint)
  }

  /// The checkpoint that the published code's `load_weights` reads; that code loads the backbone itself.
  /// - Throws: an error where the tensors are not an MSFlow's.
  public static func checkpoint(
    of stateDict: [String: StoredTensor], backbone: [PublishedBackbonePart], epoch: Int
  ) throws -> PyTorchFile.Value {
    try PublishedMSFlow.checkpoint(of: stateDict, epoch: epoch)
  }
}
