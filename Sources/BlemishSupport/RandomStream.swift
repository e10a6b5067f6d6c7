/// A reproducible stream of random numbers: the same on every machine, for splits, permutations and first
/// weights. One seed has a stream of its own for every name.
public struct RandomStream: RandomNumberGenerator, Sendable, Equatable {
  private var generator: SplitMix64

  /// A stream that depends on nothing but the seed.
  public init(seed: UInt64) { generator = SplitMix64(state: seed) }

  /// A stream of its own for every name.
  public init(seed: UInt64, name: String) {
    generator = SplitMix64(state: SplitMix64.hash(of: name, from: 0xCBF2_9CE4_8422_2325 ^ seed))
    _ = generator.next()
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 { generator.next() }

  /// A number drawn evenly from [0, 1), with 53 random bits.
  public mutating func unit() -> Double { generator.unit() }

  /// A standard normal number (Box and Muller).
  public mutating func normal() -> Double { generator.normal() }
}
