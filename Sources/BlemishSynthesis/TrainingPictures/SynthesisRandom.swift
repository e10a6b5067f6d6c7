import BlemishSupport
import Foundation

/// A reproducible stream of random numbers that belongs to a place in a tree of numbers: a seed, then for
/// instance a picture's index.
///
/// Streams of different places are independent. So pictures can be made in any order and on any thread.
public struct SynthesisRandom: RandomNumberGenerator, Sendable {
  private var generator: SplitMix64

  /// The stream of a place.
  public init(seed: UInt64, _ place: Int...) {
    var root = SplitMix64(state: seed)
    var state = root.next()
    for number in place {
      let branch = (UInt64(bitPattern: Int64(number)) &+ 1) &* 0xD134_2543_DE82_EF95
      state = SplitMix64.mixed(state &+ branch)
    }
    generator = SplitMix64(state: state)
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 { generator.next() }

  /// A stream of its own, so that what it draws does not shift what is drawn here afterwards.
  public mutating func split() -> SynthesisRandom { SynthesisRandom(seed: next()) }

  /// A number drawn evenly from [0, 1).
  public mutating func unit() -> Float { generator.shortUnit() }

  /// A number drawn evenly from an interval.
  public mutating func uniform(_ low: Float, _ high: Float) -> Float { generator.uniform(low, high) }

  /// A number whose logarithm is drawn evenly: as often between 1 and 2 as between 2 and 4.
  public mutating func logUniform(_ low: Float, _ high: Float) -> Float {
    low * exp(unit() * log(high / low))
  }

  /// Whether something happens that has this probability.
  public mutating func chance(_ probability: Float) -> Bool { unit() < probability }

  /// A whole number from 0 to `count` - 1.
  public mutating func below(_ count: Int) -> Int {
    // The upper half of the product: evenly drawn but for one part in four thousand million.
    Int(((next() >> 32) * UInt64(count)) >> 32)
  }

  /// One of the elements.
  public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// One of the elements, as often as their shares say.
  mutating func pick<Element>(_ shares: [(element: Element, share: Double)]) -> Element {
    var rest = Double(unit()) * shares.reduce(0) { $0 + $1.share }
    for (element, share) in shares {
      rest -= share
      if rest < 0 { return element }
    }
    return shares[shares.count - 1].element
  }

  /// A number of mean 0 and standard deviation 1: the sum of four even ones, which is close to normal.
  public mutating func normal() -> Float {
    let bits = next()
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (Float(sum) - 131_070) * (1.732_050_8 / 65_536)
  }
}
