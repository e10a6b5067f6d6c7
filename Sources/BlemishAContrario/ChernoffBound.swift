import Foundation

extension ScaleEnergies {
  /// The log10 probability that all pixels of a region reach its lowest energy (U-Flow, section 3.3).
  ///
  /// It is the Chernoff bound of the chi-square tail at that energy, to the power of the region's area.
  ///
  /// - Parameters:
  ///   - energy: the smallest energy within the region. Below `channels` the published formula is no bound any
  ///     more; it is kept, so that large regions are compared as published. At an energy of 0, where the formula
  ///     diverges, the probability is 1.
  ///   - area: the region's number of pixels.
  func chernoffLogProbability(energy: Float, area: Int) -> Double {
    let ratio = Double(energy) / Double(channels)
    guard ratio > 0 else { return 0 }
    return -Double(area) * 0.5 * Double(channels) * (ratio - 1 - log(ratio)) / log(10)
  }

  /// The regions that this scale's max-tree is left with under the Chernoff bound.
  func regions() -> TreeRegions {
    MaxTree(self).regions { chernoffLogProbability(energy: $0.level, area: $0.area) }
  }
}
