import Foundation

/// How many regions with at least a given height a picture of a good part has, on average: counted on
/// pictures of good parts, and continued beyond what they show by a generalised Pareto law (peaks over a
/// threshold; Pickands, 1975).
public struct ExceedanceLaw: Sendable, Codable, Equatable {
  /// The pictures that were counted.
  public let pictures: Int
  /// The largest heights that were seen, descending.
  public let largest: [Double]
  /// All regions per picture.
  public let regionsPerPicture: Double
  /// The excess over the threshold has this scale ...
  public let scale: Double
  /// ... and this shape; 0 is the exponential law.
  public let shape: Double

  /// The excesses that the tail is fitted to, at most.
  private static let tailCount = 60
  /// The heights that are kept, per picture on average.
  private static let keptPerPicture = 20

  /// The law of the heights of all regions of several pictures.
  public init(heights: [[Double]]) {
    pictures = heights.count
    let all = heights.joined().sorted(by: >)
    regionsPerPicture = max(Double(all.count) / Double(max(pictures, 1)), 1)
    largest = Array(all.prefix(max(pictures, 1) * Self.keptPerPicture))
    (scale, shape) = Self.tail(largest, pictures: pictures)
  }

  /// The index of the threshold among ``largest``: the tail is what lies above.
  private static func thresholdIndex(_ largest: [Double], pictures: Int) -> Int {
    min(tailCount, max(pictures, 10), largest.count - 1)
  }

  /// Scale and shape by probability-weighted moments (Hosking and Wallis, 1987). The shape is not let below 0:
  /// a law with an end would give what lies beyond it no chance at all.
  private static func tail(_ largest: [Double], pictures: Int) -> (scale: Double, shape: Double) {
    let count = thresholdIndex(largest, pictures: pictures)
    guard count >= 2 else { return (1, 0) }
    // Ascending, as the weights count.
    let excesses = largest[..<count].reversed().map { $0 - largest[count] }
    let mean = excesses.reduce(0, +) / Double(count)
    let weighted =
      excesses.enumerated().reduce(0) {
        $0 + $1.element * (Double(count) - Double($1.offset) - 0.65) / Double(count)
      }
      / Double(count)
    guard mean > 0, mean > 2 * weighted else { return (max(mean, 1e-9), 0) }
    let shape = 2 - mean / (mean - 2 * weighted)
    guard shape > 0 else { return (mean, 0) }
    return (2 * mean * weighted / (mean - 2 * weighted), min(shape, 0.5))
  }

  /// log10 of the number of regions with at least this height that a picture of a good part has on average.
  public func logExpected(_ height: Double) -> Double {
    guard let first = largest.first, pictures > 0 else { return log10(regionsPerPicture) }
    let count = Self.thresholdIndex(largest, pictures: pictures)
    let threshold = largest[max(count, 0)]
    if height > threshold, first > threshold {
      let excess = (height - threshold) / scale
      let survival = shape > 0 ? -log1p(shape * excess) / shape : -excess
      return log10(Double(count) / Double(pictures)) + survival / log(10)
    }
    guard let last = largest.last, height > last else { return log10(regionsPerPicture) }
    // The rank among what was seen.
    var low = 0
    var high = largest.count
    while low < high {
      let middle = (low + high) / 2
      if largest[middle] >= height { low = middle + 1 } else { high = middle }
    }
    return log10(Double(max(low, 1)) / Double(pictures))
  }

  /// Whether the numbers can be those of a law.
  var isSound: Bool {
    pictures > 0 && regionsPerPicture >= 1 && regionsPerPicture.isFinite && scale > 0 && scale.isFinite
      && (0...0.5).contains(shape) && largest.allSatisfy(\.isFinite)
      && zip(largest, largest.dropFirst()).allSatisfy(>=)
  }

  /// log10 of the smallest expected number that was counted, and not continued by the fitted tail.
  public var measuredDownTo: Double { -log10(Double(max(pictures, 1))) }
}
