import BlemishFiles
import Foundation

/// Tensors that the cases do not store: each is a function of its name (see the cases' README).
///
/// A large backbone has hundreds of millions of values and tests run in debug builds, hence pointers and
/// unchecked operators in the one loop that makes them: 9 ns a value, against 100 for the plain form.
extension Golden {
  /// `count` values of splitmix64, seeded with the FNV-1a hash of the name.
  public static func stream(_ name: String, _ count: Int) -> [UInt64] {
    let seed = seed(name)
    return (0..<count).map { mixed(seed &+ UInt64($0 + 1) &* increment) }
  }

  /// `count` values in [-1, 1), row-major.
  public static func uniform(_ name: String, _ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      if let values = buffer.baseAddress { fill(values, count, name, scale: 1, offset: 0) }
      initializedCount = count
    }
  }

  /// `count` standard normal values, row-major.
  public static func gauss(_ name: String, _ count: Int) -> [Float] {
    zip(stream(name + "/a", count), stream(name + "/b", count)).map { first, second in
      let a = (Double(first >> 11) + 0.5) * 0x1p-53
      let b = (Double(second >> 11) + 0.5) * 0x1p-53
      return Float((-2 * log(a)).squareRoot() * cos(2 * .pi * b))
    }
  }

  /// A permutation of `count` channels: entry i is the source channel of output channel i.
  public static func permutation(_ name: String, _ count: Int) -> [Int] {
    let keys = stream(name, count)
    return (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  /// The weight `prefix/key` of a generated state dict.
  ///
  /// - Parameters:
  ///   - prefix: the case's prefix; for MSFlow with `/parallel1` to `/parallel3` or `/fusion` behind it.
  ///   - key: the published state-dict name below the prefix.
  ///   - shape: the weight's shape.
  ///   - isNorm: whether the weight belongs to a normalisation; by default if it has one dimension.
  /// - Throws: `GoldenError` for a key that the README's table does not have.
  public static func weight(
    prefix: String,
    key: String,
    shape: [Int],
    isNorm: Bool? = nil
  ) throws -> StoredTensor {
    let parts = key.split(separator: ".")
    let path = "\(prefix)/\(parts.dropLast().joined(separator: "."))"
    let channels = shape.first ?? 1
    func affine(_ scale: Float, _ offset: Float = 0) throws -> StoredTensor {
      let count = shape.reduce(1, *)
      var bytes = Data(count: count * MemoryLayout<Float>.stride)
      bytes.withUnsafeMutableBytes { buffer in
        if let values = buffer.assumingMemoryBound(to: Float.self).baseAddress {
          fill(values, count, "\(prefix)/\(key)", scale: scale, offset: offset)
        }
      }
      return try StoredTensor(elementType: .float32, shape: shape, bytes: bytes)
    }
    /// A [channels, channels, 1, 1] convolution whose output channel i copies input channel `sources[i]`.
    func oneHot(_ sources: [Int]) -> StoredTensor {
      var matrix = [Float](repeating: 0, count: channels * channels)
      for (row, column) in sources.enumerated() { matrix[row * channels + column] = 1 }
      return StoredTensor(floats: matrix, shape: shape)
    }
    switch parts.last {
    case "weight" where isNorm ?? (shape.count < 2): return try affine(0.1, 1)
    case "weight": return try affine(Float((3 / Double(shape.dropFirst().reduce(1, *))).squareRoot()))
    case "bias", "running_mean", "global_offset": return try affine(0.1)
    case "running_var":
      let values = uniform("\(prefix)/\(key)", shape.reduce(1, *))
      return StoredTensor(floats: values.map { 1 + 0.5 * $0.magnitude }, shape: shape)
    case "num_batches_tracked": return StoredTensor(int64s: [0], shape: [])
    case "gamma_1", "gamma_2": return try affine(0.05, 0.1)
    case "pos_embed", "cls_token": return try affine(0.2)
    case "global_scale": return try affine(0.1, Float(2 * log(exp(5.0) - 1)))
    case "w_perm": return oneHot(permutation(path + ".perm", channels))
    case "w_perm_inv": return oneHot(inverse(permutation(path + ".perm", channels)))
    case "perm":
      return StoredTensor(
        int64s: permutation("\(prefix)/perm\(channels)", channels).map(Int64.init),
        shape: shape
      )
    case "perm_inv":
      let permutation = permutation("\(prefix)/perm\(channels)", channels)
      return StoredTensor(int64s: inverse(permutation).map(Int64.init), shape: shape)
    case "downsample_kernel":
      // Channel 4c + 2i + j takes the pixel (i, j) of each 2 x 2 block: a fixed kernel, not a weight.
      return StoredTensor(floats: (0..<shape.reduce(1, *)).map { $0 / 4 % 4 == $0 % 4 ? 1 : 0 }, shape: shape)
    default: throw GoldenError("no generated weight is called \(key)")
    }
  }

  private static func inverse(_ permutation: [Int]) -> [Int] {
    var inverse = permutation
    for (index, source) in permutation.enumerated() { inverse[source] = index }
    return inverse
  }

  private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static func seed(_ name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  @inline(__always)
  private static func mixed(_ state: UInt64) -> UInt64 {
    var x = state
    x = (x ^ (x &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x &>> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x &>> 31)
  }

  /// Fills `values` with `offset + scale * uniform(name)`.
  private static func fill(
    _ values: UnsafeMutablePointer<Float>,
    _ count: Int,
    _ name: String,
    scale: Float,
    offset: Float
  ) {
    var state = seed(name)
    let step = increment
    var index = 0
    while index < count {
      state = state &+ step
      let bits = mixed(state) &>> 40
      values[index] = offset + scale * (Float(Int(bitPattern: UInt(bits))) * 0x1p-23 - 1)
      index = index &+ 1
    }
  }
}
