import Foundation

/// The random generator splitmix64 (Steele, Lea and Flood, 2014): the same numbers on every machine.
///
/// It is the one source of random numbers. Streams with other seeds or other ways to draw are built on it.
package struct SplitMix64: RandomNumberGenerator, Sendable, Equatable {
  @usableFromInline var state: UInt64

  /// The stream that starts at a state.
  @inlinable package init(state: UInt64) { self.state = state }

  /// A stream of its own for every name and seed.
  package init(name: String, seed: UInt64) {
    self.init(state: Self.hash(of: name) ^ Self.mixed(seed))
  }

  /// The next 64 bits.
  @inlinable package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  /// The 64 bits of a state: each bit depends on all bits of the state.
  @inlinable package static func mixed(_ state: UInt64) -> UInt64 {
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The 64-bit FNV-1a hash of a name.
  /// - Parameter start: what the hash of the empty name is.
  package static func hash(of name: String, from start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
    name.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}

extension SplitMix64 {
  /// A number drawn evenly from [0, 1), with 53 random bits.
  @inlinable package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number drawn evenly from [0, 1), with 24 random bits.
  @inlinable package mutating func shortUnit() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number drawn evenly between the bounds.
  @inlinable package mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * shortUnit()
  }

  /// A standard normal number (Box and Muller).
  package mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }
}
