import Foundation

/// The law of a scale's energies on pictures of good parts.
///
/// It describes the logarithm of the energy: a mean at every place of the grid, and one standard deviation from
/// these means. So multiples of an energy count alike, however heavy the tail of the energies is. Places differ:
/// an edge of the part has more energy than a plain surface.
package struct EnergyLaw: Sendable, Codable, Equatable {
  /// Rows of the grid.
  package let height: Int
  /// Columns of the grid.
  package let width: Int
  /// The mean log-energy at every place, `[height, width]`.
  package let means: [Float]
  /// The standard deviation of the log-energies from these means.
  package let deviation: Double

  /// The law of one scale of several pictures, and the standardized deviation of every picture from the others.
  ///
  /// With few pictures, the means of places differ by chance too. So they are shrunk towards the mean of the whole
  /// grid, by the share of their variance that chance explains.
  /// - Parameters:
  ///   - scales: the energies of one scale, picture by picture.
  ///   - index: the number of the scale, for errors.
  ///   - constants: the choices to learn with.
  /// - Throws: ``AContrarioError`` where there are fewer than two pictures, pictures have several shapes, or their
  ///   energies do not vary.
  static func learn(
    _ scales: [ScaleEnergies], index: Int = 0, constants: CalibratedTest.Constants = .standard
  ) throws(AContrarioError) -> (law: EnergyLaw, deviations: [[Float]]) {
    guard let first = scales.first, scales.count > 1 else {
      throw .tooFewPictures(count: scales.count, least: CalibratedTest.leastPictures)
    }
    for scale in scales { try scale.checkSize(height: first.height, width: first.width) }
    let pictures = scales.map { $0.logarithms(leastPerChannel: constants.leastEnergyPerChannel) }
    let (places, count) = (first.values.count, Double(pictures.count))
    var sums = [Double](repeating: 0, count: places)
    for picture in pictures { for place in 0..<places { sums[place] += Double(picture[place]) } }
    let mean = sums.reduce(0, +) / count / Double(places)
    let between = sums.reduce(0) { $0 + ($1 / count - mean) * ($1 / count - mean) } / Double(places)
    var within = 0.0
    for picture in pictures {
      for place in 0..<places {
        let residual = Double(picture[place]) - sums[place] / count
        within += residual * residual
      }
    }
    let chance = within / (count - 1) / Double(places) / count
    // The weight of a place's own mean; the rest is that of the mean of the grid.
    let ownWeight = between > 0 ? max(1 - chance / between, 0) : 0

    // Every picture is compared with the means of the others. With its own part in them, the law would be too
    // narrow and promise too much.
    var squares = 0.0
    let residuals = pictures.map { picture -> [Float] in
      let own = picture.reduce(0) { $0 + Double($1) } / Double(places)
      let meanOfOthers = (mean * count - own) / (count - 1)
      return (0..<places).map { place -> Float in
        let value = Double(picture[place])
        let others = (sums[place] - value) / (count - 1)
        let residual = value - (ownWeight * others + (1 - ownWeight) * meanOfOthers)
        squares += residual * residual
        return Float(residual)
      }
    }
    let deviation = (squares / count / Double(places)).squareRoot()
    // Equal logarithms leave residuals of rounding errors, which are no variation.
    let isVaried = pictures.contains { picture in
      (0..<places).contains { picture[$0] != pictures[0][$0] }
    }
    guard isVaried, Float(deviation) > 0 else { throw .noVariation(scale: index) }
    let law = EnergyLaw(
      height: first.height, width: first.width,
      means: sums.map { Float(ownWeight * $0 / count + (1 - ownWeight) * mean) }, deviation: deviation)
    return (law, residuals.map { $0.map { $0 / Float(deviation) } })
  }

  /// By how many standard deviations the log-energies of a picture are above the means, `[height, width]`.
  /// - Throws: ``AContrarioError`` where the grid has another size.
  func deviations(
    of scale: ScaleEnergies, constants: CalibratedTest.Constants
  ) throws(AContrarioError) -> [Float] {
    try scale.checkSize(height: height, width: width)
    let logarithms = scale.logarithms(leastPerChannel: constants.leastEnergyPerChannel)
    return zip(logarithms, means).map { ($0 - $1) / Float(deviation) }
  }

  /// Whether the numbers can be those of a law.
  var isSound: Bool {
    height > 0 && width > 0 && means.count.isMultiple(of: height) && means.count / height == width
      && means.allSatisfy(\.isFinite) && Float(deviation) > 0 && deviation.isFinite
  }
}

extension ScaleEnergies {
  /// The natural logarithms of the energies, those below a least energy raised to it.
  fileprivate func logarithms(leastPerChannel: Double) -> [Float] {
    let least = Float(leastPerChannel) * Float(channels)
    return values.map { log(max($0, least)) }
  }

  fileprivate func checkSize(height: Int, width: Int) throws(AContrarioError) {
    guard self.height == height, self.width == width else {
      throw .gridSize(
        expected: .init(height: height, width: width), found: .init(height: self.height, width: self.width))
    }
  }
}
