import Foundation

extension LatentScale {
  /// The log10 probability that all pixels of a region reach its lowest energy: the Chernoff bound of the
  /// chi-square tail at that energy, to the power of the region's area (U-Flow, section 3.3).
  ///
  /// - Parameters:
  ///   - energy: the smallest channel sum of z² within the region. Below `channels` the published formula is
  ///     no longer a bound; it is kept for regions that large to be compared as published. At an energy of 0,
  ///     where it diverges, the probability is 1.
  ///   - area: the region's number of pixels.
  public func chernoffLogProbability(energy: Float, area: Int) -> Double {
    let ratio = Double(energy) / Double(channels)
    guard ratio > 0 else { return 0 }
    return -Double(area) * 0.5 * Double(channels) * (ratio - 1 - log(ratio)) / log(10)
  }

  /// The final regions of this scale's max-tree under the Chernoff bound.
  public func regions() -> Regions {
    MaxTree(self).regions { chernoffLogProbability(energy: $0.level, area: $0.area) }
  }
}
