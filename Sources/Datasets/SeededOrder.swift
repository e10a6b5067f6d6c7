/// Sorts names by a hash of name and seed: the same names and seed give the same order anywhere, in whatever
/// order the names come, and a name more or less does not shuffle the others.
func seededOrder(_ names: [String], seed: UInt64) -> [String] {
  names.map { (SplitMix64(name: $0, seed: seed).first, $0) }
    .sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }
    .map(\.1)
}

/// The splitmix64 generator, seeded with a number or the 64-bit FNV-1a hash of a name.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  init(name: String, seed: UInt64) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    state = hash ^ SplitMix64.mix(seed)
  }

  /// The first number of the stream.
  var first: UInt64 { SplitMix64.mix(state &+ 0x9E37_79B9_7F4A_7C15) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return SplitMix64.mix(state)
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
