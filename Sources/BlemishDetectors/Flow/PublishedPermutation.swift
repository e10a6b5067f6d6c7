import BlemishFiles
import BlemishTorch

/// A permutation of channels as published flows hold it: a one-hot matrix.
enum PublishedPermutation {
  /// The source of every output channel of a one-hot matrix `[channels, channels, 1, 1]`.
  static func sources(fromMatrix tensor: StoredTensor, name: String) throws -> StoredTensor {
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
  static func matrix(_ sources: [Int], transposed: Bool) -> StoredTensor {
    let count = sources.count
    var values = [Float](repeating: 0, count: count * count)
    for (destination, source) in sources.enumerated() {
      values[transposed ? source * count + destination : destination * count + source] = 1
    }
    return StoredTensor(floats: values, shape: [count, count, 1, 1])
  }
}
