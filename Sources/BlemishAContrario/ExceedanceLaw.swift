import Foundation

/// How many regions with at least a given height a picture of a good part has, on average.
///
/// Up to a threshold the number is counted on pictures of good parts. Beyond, it is continued by a generalised
/// Pareto law that is fitted to the highest regions (peaks over a threshold; Pickands, 1975).
///
/// The tail is the predictive law: on average over what might have been learnt, a promise α lets α regions through.
/// The expected rate above the (k+1)-highest of n pictures' heights is (k+1)/n. Let the k excesses x over it be
/// exponential with mean β. The law N = (k+1)/n · (1 + x/(kβ))^(-k) reaches α at x = kβ · c, with
/// c = ((k+1)/(nα))^(1/k) - 1. As kβ is a gamma variable of k degrees, E[e^(-kβc)] = (1+c)^(-k) = nα/(k+1) of the
/// rate is left there, which makes α. An exponential law with β in place of the true mean would promise too much.
package struct ExceedanceLaw: Sendable, Equatable {
  /// The number of pictures that were counted.
  package let pictures: Int
  /// The largest heights that were seen, descending.
  let largest: [Double]
  /// All regions per picture, at least 1.
  let regionsPerPicture: Double
  /// How many of the largest heights are above the threshold; the tail is fitted to them.
  let tailCount: Int
  /// The scale of the tail's generalised Pareto law, in units of height.
  let scale: Double
  /// The shape of the tail's law; 0 is the exponential law.
  let shape: Double

  /// The law of the heights of all regions of several pictures.
  /// - Parameters:
  ///   - heights: the heights of every picture's regions.
  ///   - constants: the choices to learn with.
  /// - Throws: ``AContrarioError`` where there are fewer than two regions, or the highest ones are equally high.
  init(heights: [[Double]], constants: CalibratedTest.Constants = .standard) throws(AContrarioError) {
    pictures = heights.count
    let all = heights.joined().sorted(by: >)
    guard all.count > 1 else { throw .tooFewRegions(count: all.count, least: 2) }
    regionsPerPicture = max(Double(all.count) / Double(pictures), 1)
    largest = Array(all.prefix(max(pictures * constants.heightsKeptPerPicture, 2)))
    tailCount = Self.tailCount(largest, pictures: pictures, constants: constants)
    guard largest[0] > largest[tailCount] else { throw .equalHeights(count: tailCount + 1) }
    (scale, shape) = Self.tail(largest, count: tailCount, constants: constants)
  }

  /// How many of the largest heights the tail is fitted to. Negative where there are none.
  private static func tailCount(
    _ largest: [Double], pictures: Int, constants: CalibratedTest.Constants
  ) -> Int {
    min(constants.mostTailRegions, max(pictures, constants.leastTailRegions), largest.count - 1)
  }

  /// Scale and shape by probability-weighted moments (Hosking and Wallis, 1987), made predictive.
  ///
  /// The estimate of the shape has a variance of about 1.33 / k; it is shrunk towards 0 as a normal prior asks for.
  /// It is not let below 0, because a law with an end gives no chance to what lies beyond it. The 1 / k added to it
  /// accounts for the scale's being estimated too.
  private static func tail(
    _ largest: [Double], count: Int, constants: CalibratedTest.Constants
  ) -> (scale: Double, shape: Double) {
    // Ascending, as the weights count.
    let excesses = largest[..<count].reversed().map { $0 - largest[count] }
    let mean = excesses.reduce(0, +) / Double(count)
    let weighted =
      excesses.enumerated().reduce(0) {
        $0 + $1.element * (Double(count) - Double($1.offset) - 0.65) / Double(count)
      }
      / Double(count)
    let estimate = mean > 2 * weighted ? 2 - mean / (mean - 2 * weighted) : 0
    let precision = 1 / constants.shapePriorDeviation
    let extra = max(estimate, 0) / (1 + 1.33 * precision * precision / Double(count))
    // Excesses with this mean have this scale; it must not be 0.
    return (
      max(mean * (1 - extra), 1e-9), min(extra + 1 / Double(count), constants.largestShape)
    )
  }

  /// log10 of the number of regions with at least this height that a picture of a good part has on average.
  ///
  /// A law that is not sound has seen nothing: every region is beyond it, and the result is -infinity.
  func logExpected(_ height: Double) -> Double {
    guard pictures > 0, largest.indices.contains(tailCount), tailCount > 0 else { return -.infinity }
    let threshold = largest[tailCount]
    if height > threshold {
      let excess = (height - threshold) / scale
      let survival = shape > 0 ? -log1p(shape * excess) / shape : -excess
      return log10(Double(tailCount + 1) / Double(pictures)) + survival / log(10)
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

  /// Whether the numbers can be those of a law: an empty or constant one is none.
  /// - Parameter largestShape: the largest shape that a law can have.
  func isSound(largestShape: Double) -> Bool {
    pictures > 0 && regionsPerPicture >= 1 && regionsPerPicture.isFinite && scale > 0 && scale.isFinite
      && shape >= 0 && shape <= largestShape && largest.allSatisfy(\.isFinite)
      && zip(largest, largest.dropFirst()).allSatisfy(>=)
      && tailCount > 0 && tailCount < largest.count && largest[0] > largest[tailCount]
  }

  /// log10 of the smallest expected number of regions that is counted, that at the threshold.
  var lowestCountedLogRate: Double {
    logExpected(largest.indices.contains(tailCount) ? largest[tailCount] : .infinity)
  }

  /// log10 of the expected number at about the highest region that was seen.
  var lowestFittedLogRate: Double { -log10(Double(max(pictures, 1))) }
}

extension ExceedanceLaw: Codable {
  private enum CodingKeys: CodingKey {
    case pictures, largest, regionsPerPicture, tailCount, scale, shape
  }

  /// Reads a law. One that was stored without the tail's count has that of the standard constants.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    pictures = try values.decode(Int.self, forKey: .pictures)
    largest = try values.decode([Double].self, forKey: .largest)
    regionsPerPicture = try values.decode(Double.self, forKey: .regionsPerPicture)
    scale = try values.decode(Double.self, forKey: .scale)
    shape = try values.decode(Double.self, forKey: .shape)
    tailCount =
      try values.decodeIfPresent(Int.self, forKey: .tailCount)
      ?? Self.tailCount(largest, pictures: pictures, constants: .standard)
  }
}
