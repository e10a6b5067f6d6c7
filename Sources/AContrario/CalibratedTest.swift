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
  /// log NFA of the most significant region of every picture that was learnt from, to compare others with.
  public let logNFAs: [Double]

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
    var logNFAs: [Double] = []
    let fitted = CalibratedTest(scales: scales, logNFAs: [])
    for picture in pictures {
      let regions = try fitted.regions(picture)
      logNFAs.append(fitted.logTests + (regions.map(\.mostSignificantLogProbability).min() ?? 0))
    }
    self.logNFAs = logNFAs
  }

  private init(scales: [Scale], logNFAs: [Double]) {
    self.scales = scales
    self.logNFAs = logNFAs
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
  public var measuredDownTo: Double { log10(Double(max(scales.count, 1))) + (scales.map(\.exceedances.measuredDownTo).max() ?? 0) }
}
