import Foundation

/// How many regions with at least a given height a picture of a good part has, on average: counted on
/// pictures of good parts, and continued beyond by a generalised Pareto law fitted to the highest ones (peaks
/// over a threshold; Pickands, 1975).
///
/// The tail is the predictive law, so that a promise α lets α regions through on average over what might have
/// been learnt from. The expected rate above the (k+1)-highest of n pictures' heights is (k+1)/n; where the k
/// excesses x over it are exponential, with mean β, the law N = (k+1)/n · (1 + x/(kβ))^(-k) reaches α at
/// x = kβ · c with c = ((k+1)/(nα))^(1/k) - 1. There, kβ being a gamma variable of k degrees, a share of
/// E[e^(-kβc)] = (1+c)^(-k) = nα/(k+1) of the rate is left: α altogether, where the exponential law with β
/// put in for the true mean promises too much.
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

  /// The excesses that the tail is fitted to, at most. With more, it begins where heights do not yet fall off as they
  /// do beyond (docs/a-contrario.md).
  private static let tailCount = 30
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

  /// The index k of the threshold among ``largest``, counted from 0: the tail is what lies above. Negative
  /// where there are no regions.
  private static func thresholdIndex(_ largest: [Double], pictures: Int) -> Int {
    min(tailCount, max(pictures, 10), largest.count - 1)
  }

  /// Scale and shape by probability-weighted moments (Hosking and Wallis, 1987), made predictive.
  ///
  /// The estimate's variance is about 1.33 / k, so that it is drawn towards 0 as far as a prior deviation of
  /// 0.1 asks for. It is not let below 0: a law with an end would give what lies beyond it no chance at all.
  /// The 1 / k on top of it is what not knowing the scale amounts to.
  private static func tail(_ largest: [Double], pictures: Int) -> (scale: Double, shape: Double) {
    let count = thresholdIndex(largest, pictures: pictures)
    guard count >= 1 else { return (1, 0) }
    // Ascending, as the weights count.
    let excesses = largest[..<count].reversed().map { $0 - largest[count] }
    let mean = excesses.reduce(0, +) / Double(count)
    let weighted =
      excesses.enumerated().reduce(0) {
        $0 + $1.element * (Double(count) - Double($1.offset) - 0.65) / Double(count)
      }
      / Double(count)
    let estimate = mean > 2 * weighted ? 2 - mean / (mean - 2 * weighted) : 0
    let extra = max(estimate, 0) / (1 + 133 / Double(count))
    // Excesses of a mean have this scale; 0 is no scale.
    return (max(mean * (1 - extra), 1e-9), min(extra + 1 / Double(count), 0.5))
  }

  /// log10 of the number of regions with at least this height that a picture of a good part has on average.
  public func logExpected(_ height: Double) -> Double {
    guard let first = largest.first, pictures > 0 else { return log10(regionsPerPicture) }
    let count = Self.thresholdIndex(largest, pictures: pictures)
    let threshold = largest[max(count, 0)]
    if height > threshold, first > threshold {
      let excess = (height - threshold) / scale
      let survival = shape > 0 ? -log1p(shape * excess) / shape : -excess
      return log10(Double(count + 1) / Double(pictures)) + survival / log(10)
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

  /// log10 of the smallest expected number that is counted: that at the threshold, below which the fitted
  /// tail takes over.
  public var measuredDownTo: Double {
    let count = Self.thresholdIndex(largest, pictures: pictures)
    return logExpected(count >= 0 ? largest[count] : .infinity)
  }

  /// log10 of the expected number at about the highest region that was seen: down to it, the tail is fitted
  /// to regions; below, it is extrapolated beyond all of them.
  public var seenDownTo: Double { -log10(Double(max(pictures, 1))) }
}
