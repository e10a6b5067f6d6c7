import Foundation

/// The a contrario test with a background model learnt from pictures of good parts that the flow was not trained
/// on, in place of independent standard normal latents.
///
/// NFA keeps its meaning: the expected number of regions this significant in one picture of a good part.
/// Regions are found in one map of all scales, of how far energies are above what is usual at their place
/// (``EnergyLaw``). Their height is seen beside what the picture is as a whole (``PictureLevel``); what it then means
/// is read off the number of regions as high that good pictures have (``ExceedanceLaw``).
public struct CalibratedTest: Sendable, Codable, Equatable {
  /// The law of the energies of every scale, finest first.
  public let energies: [EnergyLaw]
  /// How lively good pictures are on average (``PictureLevel/liveliness``).
  public let usualLiveliness: Double
  /// The mean of the highest deviations of good pictures, on average (``PictureLevel/tailMean``).
  public let usualTailMean: Double
  /// The law of the regions' heights.
  public let exceedances: ExceedanceLaw
  /// The mean deviation of every picture that was learnt from, to compare others with: see ``meanDeviation(_:)``.
  public let meanDeviations: [Double]

  /// Learns the background from good pictures.
  /// - Parameter pictures: the latents of every picture, scale by scale, finest first.
  /// - Throws: ``AContrarioError`` when there is no picture, or no scale, or pictures have several shapes.
  public init(pictures: [[LatentScale]]) throws(AContrarioError) {
    guard let scales = pictures.first?.count, scales > 0 else { throw .noScales }
    if let other = pictures.first(where: { $0.count != scales }) {
      throw .wrongShape("pictures of \(scales) and of \(other.count) scales have no background in common")
    }
    var energies: [EnergyLaw] = []
    // Per picture, the deviations of every scale.
    var deviations = [[[Float]]](repeating: [], count: pictures.count)
    for scale in 0..<scales {
      let learnt = try EnergyLaw.learn(pictures.map { $0[scale] })
      energies.append(learnt.law)
      for (picture, rest) in learnt.deviations.enumerated() { deviations[picture].append(rest) }
    }
    let maps = deviations.map { Self.map($0, energies) }
    let levels = maps.map(PictureLevel.init)
    let sum = (
      liveliness: levels.reduce(0) { $0 + $1.liveliness }, tailMean: levels.reduce(0) { $0 + $1.tailMean }
    )
    // Each against the others, as with energies.
    func mean(_ sum: Double, without own: Double) -> Double {
      maps.count > 1 ? (sum - own) / Double(maps.count - 1) : own
    }
    var heights: [[Double]] = []
    for (map, own) in zip(maps, levels) {
      let regions = try PeakRegions(map, height: energies[0].height, width: energies[0].width)
      let usual = (mean(sum.liveliness, without: own.liveliness), mean(sum.tailMean, without: own.tailMean))
      heights.append(Self.heights(of: regions, own, usual: usual))
    }
    self.energies = energies
    usualLiveliness = sum.liveliness / Double(maps.count)
    usualTailMean = sum.tailMean / Double(maps.count)
    exceedances = ExceedanceLaw(heights: heights)
    meanDeviations = maps.map(Self.mean)
  }

  /// The pictures that the test has learnt from.
  public var pictures: Int { exceedances.pictures }

  /// The promise down to which observed counts stand behind it, as log10 of the expected false alarms per
  /// picture; below, the fitted tail does.
  public var measuredDownTo: Double { exceedances.measuredDownTo }

  /// The promise down to which the tail is fitted to regions that were seen, as log10 of the expected false
  /// alarms per picture; below, it is extrapolated.
  public var seenDownTo: Double { exceedances.seenDownTo }

  /// Whether the numbers can be those of a test: what was read from a file may hold anything.
  public var isSound: Bool {
    !energies.isEmpty && energies.allSatisfy(\.isSound) && exceedances.isSound
      && meanDeviations.allSatisfy(\.isFinite) && usualLiveliness.isFinite && usualTailMean.isFinite
  }

  /// By how many deviations the energies are above what is usual at their place, averaged over the scales at the
  /// size of the finest, row-major.
  func deviations(_ picture: [LatentScale]) throws(AContrarioError) -> [Float] {
    guard picture.count == energies.count else {
      throw .wrongShape("the test has learnt \(energies.count) scales, but the picture has \(picture.count)")
    }
    var deviations: [[Float]] = []
    for (law, latents) in zip(energies, picture) { deviations.append(try law.deviations(of: latents)) }
    return Self.map(deviations, energies)
  }

  private static func map(_ deviations: [[Float]], _ energies: [EnergyLaw]) -> [Float] {
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

  // MARK: The picture as a whole

  /// The heights of a picture's regions as they count, the highest first: seen beside the picture's level.
  func heights(of regions: PeakRegions) -> [Double] {
    Self.heights(of: regions, PictureLevel(regions.values), usual: (usualLiveliness, usualTailMean))
  }

  /// Two things that a peak's height does not say are in its picture:
  ///
  /// - On a stained or rough good part, all regions are high together. So half of what the picture's liveliness is
  ///   above that of good pictures is taken off them. Otherwise false alarms come by dozens in few pictures, and no
  ///   number of pictures that one has settles how often. Half of it leaves a picture that is wrong everywhere as
  ///   significant as one can wish.
  /// - A large defect need not be higher than a small one; there is more of it. The highest region, which speaks for
  ///   the picture, gets what the mean of the picture's highest deviations is above that of good pictures. No other
  ///   does: a picture's evidence in all of its regions would bring the dozens back.
  private static func heights(
    of regions: PeakRegions, _ level: PictureLevel, usual: (liveliness: Double, tailMean: Double)
  ) -> [Double] {
    let allowance = (level.liveliness - usual.liveliness) / 2
    var heights = regions.regions.map { $0.height - allowance }
    if !heights.isEmpty { heights[0] += max(level.tailMean - usual.tailMean, 0) }
    return heights
  }

  // MARK: Drift

  /// The mean deviation of a picture's energies from what is usual.
  /// - Throws: ``AContrarioError`` when the picture has other scales than the test has learnt.
  public func meanDeviation(_ picture: [LatentScale]) throws(AContrarioError) -> Double {
    Self.mean(try deviations(picture))
  }

  private static func mean(_ map: [Float]) -> Double {
    map.reduce(0) { $0 + Double($1) } / Double(max(map.count, 1))
  }

  /// The probability that good pictures like those learnt from differ at least as much from them in their mean
  /// deviations as these do (Kolmogorov and Smirnov's test of two samples, with Stephens' correction, 1970).
  public func driftPValue(meanDeviations other: [Double]) -> Double {
    let (first, second) = (meanDeviations.sorted(), other.sorted())
    guard !first.isEmpty, !second.isEmpty else { return 1 }
    var distance = 0.0
    var (i, j) = (0, 0)
    while i < first.count, j < second.count {
      let value = min(first[i], second[j])
      while i < first.count, first[i] <= value { i += 1 }
      while j < second.count, second[j] <= value { j += 1 }
      distance = max(distance, abs(Double(i) / Double(first.count) - Double(j) / Double(second.count)))
    }
    let size = (Double(first.count * second.count) / Double(first.count + second.count)).squareRoot()
    let lambda = (size + 0.12 + 0.11 / size) * distance
    guard lambda > 0.2 else { return 1 }
    var sum = 0.0
    for term in 1...100 {
      sum += (term % 2 == 1 ? 2 : -2) * exp(-2 * lambda * lambda * Double(term * term))
    }
    return min(max(sum, 0), 1)
  }
}

/// What the calibrated test finds in one picture.
public struct CalibratedRegions: TestedPicture {
  /// log10 NFA of every region, the most significant first.
  public let regionLogNFAs: [Double]
  /// log10 NFA of all regions that a good picture has: no region's is larger.
  private let ofAll: Double
  private let regions: PeakRegions

  /// The test of one picture.
  /// - Parameter scales: its latents, finest first.
  /// - Throws: ``AContrarioError`` when the picture has other scales than the test has learnt.
  public init(scales: [LatentScale], test: CalibratedTest) throws(AContrarioError) {
    let deviations = try test.deviations(scales)
    regions = try PeakRegions(
      deviations, height: test.energies[0].height, width: test.energies[0].width)
    regionLogNFAs = test.heights(of: regions).map(test.exceedances.logExpected)
    ofAll = log10(test.exceedances.regionsPerPicture)
  }

  /// log10 NFA of the most significant region, and of the picture.
  public var mostSignificantLogNFA: Double { regionLogNFAs.first ?? ofAll }

  /// log10 NFA per pixel where there is no region: just more than any region's.
  public var outside: Float { Float(ofAll).nextUp }

  /// The pixel of every region's peak in a map of a size, with the region's log10 NFA.
  public func peaks(height: Int, width: Int) -> [(pixel: Int, logNFA: Double)] {
    zip(regions.regions, regionLogNFAs).map { region, logNFA in
      (
        pixel: place(ofPixel: region.peak, in: (regions.height, regions.width), at: (height, width)),
        logNFA: logNFA
      )
    }
  }

  /// log10 NFA per pixel, `[height, width]`: its region's within the outlines.
  /// - Throws: ``AContrarioError`` where the size is none.
  public func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float] {
    try regions.drawn(
      regionLogNFAs.map { Float($0) }, outside: outside, height: height, width: width)
  }
}
