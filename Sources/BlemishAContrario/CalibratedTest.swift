import Foundation

/// The a contrario test whose background model is learnt from pictures of good parts.
///
/// The published test takes latents to be independent and standard normal. Those of trained flows are not, on
/// pictures that they have not seen, and other detectors have no such latents. Here NFA keeps its meaning for every
/// detector: the number of regions as significant that are expected in one picture of a good part.
///
/// A picture is judged in four steps:
/// 1. Its log-energies are compared with what is usual at their place, at every scale (``EnergyLaw``).
/// 2. The deviations of all scales, averaged, are one map. Its peaks are the regions.
/// 3. A region's height is corrected by what the picture is as a whole (``DeviationSummary``).
/// 4. Its NFA is read off the number of regions at least as high that good pictures have (``ExceedanceLaw``).
///
/// A test is a value; once learnt it can be used from any number of threads.
public struct CalibratedTest: Sendable, Equatable {
  /// The fewest pictures, of different content, that a test can be learnt from.
  public static let leastPictures = 2

  /// The choices that the test was learnt with and judges by.
  public let constants: Constants
  /// The law of the energies of every scale, finest first.
  package let energies: [EnergyLaw]
  /// The quantile of a good picture's map of deviations, on average.
  let averageQuantile: Double
  /// The tail mean of a good picture's map of deviations, on average.
  let averageTailMean: Double
  /// The law of the regions' heights.
  let exceedances: ExceedanceLaw
  /// The mean deviation of every picture that was learnt from: see ``meanDeviation(_:)``.
  let meanDeviations: [Double]
  /// The height of the highest region of every picture that was learnt from; nil in files of before it was kept.
  let highest: [Double]?

  /// Learns the background from good pictures, best such as the detector was not fitted to.
  ///
  /// Pictures with equal energies, to the bit, count as one.
  /// - Parameters:
  ///   - pictures: the energies of every picture, scale by scale, finest first.
  ///   - constants: the choices to learn with.
  /// - Throws: ``AContrarioError`` where there are fewer than ``leastPictures`` pictures of different content, or
  ///   pictures have no scale or several shapes, or vary too little to have a law.
  public init(
    pictures: [[ScaleEnergies]], constants: Constants = .standard
  ) throws(AContrarioError) {
    let count = pictures.count
    guard count >= Self.leastPictures, let first = pictures.first else {
      throw .tooFewPictures(count: count, least: Self.leastPictures)
    }
    guard !first.isEmpty else { throw .noScales }
    if let other = pictures.first(where: { $0.count != first.count }) {
      throw .scaleCount(expected: first.count, found: other.count)
    }
    var contents: Set<[[Float]]> = []
    let pictures = pictures.filter { contents.insert($0.map(\.values)).inserted }
    guard pictures.count >= Self.leastPictures else {
      throw .identicalPictures(count: count, distinct: pictures.count)
    }

    var energies: [EnergyLaw] = []
    // Per picture, the deviations of every scale.
    var deviations = [[[Float]]](repeating: [], count: pictures.count)
    for scale in first.indices {
      let learnt = try EnergyLaw.learn(pictures.map { $0[scale] }, index: scale, constants: constants)
      energies.append(learnt.law)
      for (picture, map) in learnt.deviations.enumerated() { deviations[picture].append(map) }
    }
    let maps = deviations.map { Self.combined($0, energies) }
    let summaries = maps.map { DeviationSummary($0, constants: constants) }
    let sum = (
      quantile: summaries.reduce(0) { $0 + $1.quantile }, tailMean: summaries.reduce(0) { $0 + $1.tailMean }
    )
    // Every picture is compared with the mean of the others, as with energies.
    func meanOfOthers(_ sum: Double, own: Double) -> Double { (sum - own) / Double(maps.count - 1) }
    var heights: [[Double]] = []
    for (map, own) in zip(maps, summaries) {
      let regions = try PeakRegions(
        map, height: energies[0].height, width: energies[0].width, outlineShare: constants.outlineShare)
      let average = DeviationSummary(
        quantile: meanOfOthers(sum.quantile, own: own.quantile),
        tailMean: meanOfOthers(sum.tailMean, own: own.tailMean))
      heights.append(Self.correctedHeights(of: regions, own, average: average, constants))
    }
    self.constants = constants
    self.energies = energies
    averageQuantile = sum.quantile / Double(maps.count)
    averageTailMean = sum.tailMean / Double(maps.count)
    exceedances = try ExceedanceLaw(heights: heights, constants: constants)
    meanDeviations = maps.map(Self.mean)
    highest = heights.map { $0.first ?? 0 }
  }

  // MARK: Pictures

  /// The split-conformal p-value of a picture: the rank of its highest region among those of the pictures that were
  /// learnt from. Where a good picture is exchangeable with these, it is at most p with a probability of at most p. Its
  /// least value is 1 / (pictures + 1).
  /// - Parameter highest: the corrected height of the picture's highest region; nil where it has none.
  func pValue(highest height: Double?) -> Double? {
    guard let highest else { return nil }
    let height = height ?? 0
    return Double(1 + highest.count { $0 >= height }) / Double(highest.count + 1)
  }

  /// How many of the pictures that were learnt from have a region with log10 NFA below a limit; nil in files of before
  /// their heights were kept.
  ///
  /// Of a further good picture that is exchangeable with these, the probability of such a region is at most
  /// (that number + 1) / (pictures + 1).
  public func picturesStopped(below limit: Double) -> Int? {
    highest?.count { exceedances.logExpected($0) < limit }
  }

  /// The number of pictures, of different content, that the test has learnt from.
  public var pictures: Int { exceedances.pictures }

  /// log10 of the smallest number of false alarms per picture that was counted on good pictures. Promises below it
  /// rest on the fitted tail.
  public var lowestCountedLogRate: Double { exceedances.lowestCountedLogRate }

  /// log10 of the smallest number of false alarms per picture at which the tail is fitted to regions that were
  /// seen. Promises below it are extrapolated.
  public var lowestFittedLogRate: Double { exceedances.lowestFittedLogRate }

  /// Whether the numbers can be those of a test. What was read from a file may hold anything; a test whose law is
  /// empty or constant is not sound.
  public var isSound: Bool {
    constants.isSound && !energies.isEmpty && energies.allSatisfy(\.isSound)
      && exceedances.isSound(largestShape: constants.largestShape)
      && meanDeviations.count == exceedances.pictures && meanDeviations.allSatisfy(\.isFinite)
      && (highest.map { $0.count == exceedances.pictures && $0.allSatisfy(\.isFinite) } ?? true)
      && averageQuantile.isFinite && averageTailMean.isFinite
  }

  // MARK: The map of deviations

  /// By how many standard deviations the log-energies are above what is usual at their place, `[height, width]`.
  ///
  /// It is the average over the scales, all resized to the finest one.
  func deviations(_ picture: [ScaleEnergies]) throws(AContrarioError) -> [Float] {
    guard picture.count == energies.count else {
      throw .scaleCount(expected: energies.count, found: picture.count)
    }
    var deviations: [[Float]] = []
    for (law, scale) in zip(energies, picture) {
      deviations.append(try law.deviations(of: scale, constants: constants))
    }
    return Self.combined(deviations, energies)
  }

  private static func combined(_ deviations: [[Float]], _ energies: [EnergyLaw]) -> [Float] {
    let size = (energies[0].height, energies[0].width)
    var sum = [Float](repeating: 0, count: size.0 * size.1)
    for (scale, law) in zip(deviations, energies) {
      let fine =
        (law.height, law.width) == size
        ? scale : Resampling.bilinear(to: size, from: (law.height, law.width)).apply(to: scale)
      for pixel in sum.indices { sum[pixel] += fine[pixel] }
    }
    return sum.map { $0 / Float(energies.count) }
  }

  static func mean(_ map: [Float]) -> Double {
    map.reduce(0) { $0 + Double($1) } / Double(max(map.count, 1))
  }

  // MARK: The heights of regions

  /// The regions of a picture.
  func regions(of picture: [ScaleEnergies]) throws(AContrarioError) -> PeakRegions {
    let map = try deviations(picture)
    return try PeakRegions(
      map, height: energies[0].height, width: energies[0].width, outlineShare: constants.outlineShare)
  }

  /// The heights of a picture's regions, the highest first, corrected by what the picture is as a whole.
  func correctedHeights(of regions: PeakRegions) -> [Double] {
    Self.correctedHeights(
      of: regions, DeviationSummary(regions.values, constants: constants),
      average: DeviationSummary(quantile: averageQuantile, tailMean: averageTailMean), constants)
  }

  /// Corrects heights by two things that the height of a peak does not say:
  ///
  /// - On a stained or rough good part all regions are high together. So half of what the picture's quantile is
  ///   above that of good pictures is subtracted. Otherwise most false alarms come from few pictures, and no
  ///   affordable number of pictures tells how often. Half of it leaves a picture that is wrong everywhere significant.
  /// - A large defect need not be higher than a small one. So the highest region, which decides on the picture, gets
  ///   what the tail mean is above that of good pictures. Were it added to all regions, false alarms would come
  ///   from few pictures again.
  private static func correctedHeights(
    of regions: PeakRegions, _ own: DeviationSummary, average: DeviationSummary, _ constants: Constants
  ) -> [Double] {
    let excess = (own.quantile - average.quantile) * constants.quantileWeight
    var heights = regions.regions.map { $0.height - excess }
    if !heights.isEmpty {
      heights[0] += max(own.tailMean - average.tailMean, 0) * constants.tailMeanWeight
    }
    return heights
  }
}

extension CalibratedTest: Codable {
  // Files keep the names that these numbers had when files were first written.
  private enum CodingKeys: String, CodingKey {
    case constants, energies, exceedances, meanDeviations, highest
    case averageQuantile = "usualLiveliness"
    case averageTailMean = "usualTailMean"
  }

  /// Reads a test. One that was stored without constants was learnt with the standard ones.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    constants = try values.decodeIfPresent(Constants.self, forKey: .constants) ?? .standard
    energies = try values.decode([EnergyLaw].self, forKey: .energies)
    averageQuantile = try values.decode(Double.self, forKey: .averageQuantile)
    averageTailMean = try values.decode(Double.self, forKey: .averageTailMean)
    exceedances = try values.decode(ExceedanceLaw.self, forKey: .exceedances)
    meanDeviations = try values.decode([Double].self, forKey: .meanDeviations)
    highest = try values.decodeIfPresent([Double].self, forKey: .highest)
  }
}
