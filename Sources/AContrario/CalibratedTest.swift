import Foundation

/// The a contrario test with a background model learnt from pictures of good parts that the flow was not trained
/// on, in place of independent standard normal latents.
///
/// NFA keeps its meaning: the expected number of regions this significant in one picture of a good part.
/// A region's surprise is worked out under the measured law of its scale (``EnergyLaw``); what it means is then
/// read off the number of regions as surprising that good pictures have (``ExceedanceLaw``). Every scale bears an
/// equal part of the expected number.
public struct CalibratedTest: Sendable, Codable, Equatable {
  /// What one scale learnt.
  public struct Scale: Sendable, Codable, Equatable {
    /// The law of its energies.
    public var energies: EnergyLaw
    /// The law of its regions' surprise.
    public var exceedances: ExceedanceLaw
  }

  /// The scales, finest first.
  public let scales: [Scale]
  /// The mean energy of every picture that was learnt from, to compare others with: see ``meanEnergy(_:)``.
  public let meanEnergies: [Double]

  /// Learns the background from good pictures.
  /// - Parameter pictures: the latents of every picture, scale by scale, finest first.
  /// - Throws: ``AContrarioError`` when there is no picture, or no scale.
  public init(pictures: [[LatentScale]]) throws(AContrarioError) {
    guard let count = pictures.first?.count, count > 0 else { throw .noScales }
    var scales: [Scale] = []
    for scale in 0..<count {
      let seen = pictures.map { $0[scale] }
      let energies = try EnergyLaw(seen)
      let surprises = seen.map { latents in energies.regions(latents).regions.map { -$0.logProbability } }
      scales.append(Scale(energies: energies, exceedances: ExceedanceLaw(surprises: surprises)))
    }
    self.scales = scales
    meanEnergies = pictures.map { Self.meanEnergy($0, scales) }
  }

  /// The pictures that the test has learnt from.
  public var pictures: Int { scales.first?.exceedances.pictures ?? 0 }

  /// log10 of the number of tests: of the regions that a good picture has, every scale counting as the richest.
  public var logTests: Double {
    log10(Double(scales.count)) + (scales.map { log10($0.exceedances.regionsPerPicture) }.max() ?? 0)
  }

  /// The significant regions of every scale of a picture. log10 of their probability and ``logTests`` add up to
  /// log10 NFA.
  /// - Throws: ``AContrarioError`` when the picture has another number of scales.
  public func regions(_ picture: [LatentScale]) throws(AContrarioError) -> [Regions] {
    guard picture.count == scales.count else {
      throw .wrongShape("the test has learnt \(scales.count) scales, but the picture has \(picture.count)")
    }
    let logTests = logTests
    let share = log10(Double(scales.count))
    return zip(scales, picture).map { scale, latents in
      scale.energies.regions(latents).mapLogProbabilities { negativeSurprise in
        min(share + scale.exceedances.logExpected(-negativeSurprise) - logTests, 0)
      }
    }
  }

  /// The promise down to which observed counts stand behind it, as log10 of the expected false alarms per
  /// picture; below, the fitted tail does.
  public var measuredDownTo: Double {
    log10(Double(max(scales.count, 1))) + (scales.map(\.exceedances.measuredDownTo).max() ?? 0)
  }

  /// Whether the numbers can be those of a test: what was read from a file may hold anything.
  public var isSound: Bool {
    meanEnergies.allSatisfy(\.isFinite)
      && scales.allSatisfy { scale in
        let (energies, exceedances) = (scale.energies, scale.exceedances)
        return energies.mean > 0 && energies.mean.isFinite && energies.degreesOfFreedom > 0
          && energies.degreesOfFreedom.isFinite && energies.correlationArea >= 1
          && energies.correlationArea.isFinite
          && exceedances.isSound
      }
  }

  // MARK: Drift

  /// The mean over scales and pixels of a picture's energy, in units of the mean of the pictures learnt from.
  public func meanEnergy(_ picture: [LatentScale]) -> Double { Self.meanEnergy(picture, scales) }

  private static func meanEnergy(_ picture: [LatentScale], _ scales: [Scale]) -> Double {
    let means = zip(picture, scales).map { latents, scale in
      latents.energy.reduce(0) { $0 + Double($1) } / Double(latents.energy.count) / scale.energies.mean
    }
    return means.reduce(0, +) / Double(max(means.count, 1))
  }

  /// The probability that good pictures like those learnt from differ at least as much from them in their mean
  /// energies as these do (Kolmogorov and Smirnov's test of two samples, with Stephens' correction, 1970).
  public func driftPValue(meanEnergies other: [Double]) -> Double {
    let (first, second) = (meanEnergies.sorted(), other.sorted())
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
