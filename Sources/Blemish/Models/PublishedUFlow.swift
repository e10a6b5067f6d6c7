import Foundation
import Torch

/// The state dict of the published U-Flow code, to and from the names used here.
///
/// The names are the same, but for three kinds of tensors: a permutation is a one-hot matrix there (`w_perm`,
/// with its transpose `w_perm_inv`), and the upsampling has a fixed kernel (`downsample_kernel`).
enum PublishedUFlow {
  /// The tensors of ``UFlow`` out of a published state dict whose names begin with `flow.` or
  /// `feature_extractor.`; the backbone's own tensors are passed over.
  /// - Throws: ``ParameterError`` when a permutation is none.
  static func stateDict(fromPublished published: [String: StoredTensor]) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for (name, tensor) in published {
      if name.hasSuffix(".w_perm_inv") || name.hasSuffix(".downsample_kernel") { continue }
      if name.hasSuffix(".w_perm") {
        let own = name.dropLast("w_perm".count) + "permutation"
        result[String(own)] = try permutation(fromMatrix: tensor, name: name)
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
      result["\(place)w_perm"] = matrix(ofPermutation: sources, transposed: false)
      result["\(place)w_perm_inv"] = matrix(ofPermutation: sources, transposed: true)
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

  /// The source of every output channel of a one-hot matrix `[channels, channels, 1, 1]`.
  static func permutation(fromMatrix tensor: StoredTensor, name: String) throws -> StoredTensor {
    let count = tensor.shape.first ?? 0
    let values = tensor.floats()
    guard tensor.shape == [count, count, 1, 1] else { throw ParameterError.notPermutation(name: name) }
    let sources = try (0..<count).map { row -> Int64 in
      let ones = (0..<count).filter { values[row * count + $0] == 1 }
      let zeros = (0..<count).count { values[row * count + $0] == 0 }
      guard ones.count == 1, zeros == count - 1 else { throw ParameterError.notPermutation(name: name) }
      return Int64(ones[0])
    }
    return StoredTensor(int64s: sources, shape: [count])
  }

  /// The one-hot matrix `[channels, channels, 1, 1]` of a permutation, or its transpose.
  static func matrix(ofPermutation sources: [Int], transposed: Bool) -> StoredTensor {
    let count = sources.count
    var values = [Float](repeating: 0, count: count * count)
    for (destination, source) in sources.enumerated() {
      values[transposed ? source * count + destination : destination * count + source] = 1
    }
    return StoredTensor(floats: values, shape: [count, count, 1, 1])
  }

  /// The fixed kernel `[channels, 1, 2, 2]` by which four channels become one of twice the size.
  private static func upsamplingKernel(channels: Int) -> StoredTensor {
    let values = (0..<channels).flatMap { channel in (0..<4).map { Float($0 == channel % 4 ? 1 : 0) } }
    return StoredTensor(floats: values, shape: [channels, 1, 2, 2])
  }
}
