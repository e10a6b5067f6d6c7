import Foundation

/// A reproducible stream of random numbers (splitmix64): the same on every machine, for splits, permutations
/// and generated pictures.
public struct RandomStream: RandomNumberGenerator, Sendable, Equatable {
  /// Where the stream stands; store it to continue the stream later.
  public private(set) var state: UInt64

  /// A stream that depends on nothing but the seed.
  public init(seed: UInt64) { state = seed }

  /// A stream of its own for every name.
  public init(seed: UInt64, name: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    self.init(seed: hash)
    _ = next()
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number drawn evenly from [0, 1), with 53 random bits.
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A standard normal number (Box and Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }
}
