import Foundation

/// The law of a scale's energies on pictures of good parts, as measured: what replaces "chi-square with as many
/// degrees of freedom as channels", which trained flows do not deliver on pictures that they have not seen.
///
/// It is a law of their logarithms, which have a mean at every place (an edge of the part, a border of the
/// picture are livelier than a plain) and one deviation. Multiples of an energy count alike then, however heavy
/// its tail is.
public struct EnergyLaw: Sendable, Codable, Equatable {
  /// Rows of the grid.
  public let height: Int
  /// Columns of the grid.
  public let width: Int
  /// The mean log-energy at every place, `[height, width]`.
  public let means: [Float]
  /// The standard deviation of the log-energies from these means.
  public let deviation: Double

  /// The law of the energies of one scale of several pictures, and how far each picture is from what the others
  /// say.
  ///
  /// The means are drawn towards that of the whole grid by the share of their variance that chance explains: with
  /// few pictures, places differ by chance.
  /// - Throws: ``AContrarioError`` when there is no picture, or pictures have several shapes.
  static func learn(
    _ scales: [LatentScale]
  ) throws(AContrarioError) -> (law: EnergyLaw, deviations: [[Float]]) {
    guard let first = scales.first else { throw .noScales }
    for scale in scales { try scale.checkShape(height: first.height, width: first.width) }
    let pictures = scales.map(\.logEnergy)
    let (places, count) = (first.energy.count, Double(pictures.count))
    var sums = [Double](repeating: 0, count: places)
    for picture in pictures { for place in 0..<places { sums[place] += Double(picture[place]) } }
    let mean = sums.reduce(0, +) / count / Double(places)
    let between = sums.reduce(0) { $0 + ($1 / count - mean) * ($1 / count - mean) } / Double(places)
    var within = 0.0
    for picture in pictures {
      for place in 0..<places {
        let rest = Double(picture[place]) - sums[place] / count
        within += rest * rest
      }
    }
    let chance = within / max(count - 1, 1) / Double(places) / count
    let trust = pictures.count > 1 && between > 0 ? max(1 - chance / between, 0) : 0

    // Each against the means of the others: its own would draw the law towards it and promise too much.
    var squares = 0.0
    let rests = pictures.map { picture -> [Float] in
      let own = picture.reduce(0) { $0 + Double($1) } / Double(places)
      let meanOfOthers = count > 1 ? (mean * count - own) / (count - 1) : mean
      return (0..<places).map { place -> Float in
        let value = Double(picture[place])
        let others = (sums[place] - value) / max(count - 1, 1)
        let rest = value - (trust * others + (1 - trust) * meanOfOthers)
        squares += rest * rest
        return Float(rest)
      }
    }
    let spread = (squares / count / Double(places)).squareRoot()
    let deviation = spread > 0 ? spread : 1
    let law = EnergyLaw(
      height: first.height, width: first.width,
      means: sums.map { Float(trust * $0 / count + (1 - trust) * mean) }, deviation: deviation)
    return (law, rests.map { $0.map { $0 / Float(deviation) } })
  }

  /// By how many deviations the log-energies of a picture are above the means, `[height, width]`.
  /// - Throws: ``AContrarioError`` when the grid has another shape.
  func deviations(of scale: LatentScale) throws(AContrarioError) -> [Float] {
    try scale.checkShape(height: height, width: width)
    return zip(scale.logEnergy, means).map { ($0 - $1) / Float(deviation) }
  }

  /// Whether the numbers can be those of a law.
  var isSound: Bool {
    height > 0 && width > 0 && means.count.isMultiple(of: height) && means.count / height == width
      && means.allSatisfy(\.isFinite) && deviation > 0 && deviation.isFinite
  }
}

extension LatentScale {
  /// The logarithm of the energies. Energies below a thousandth of their expectation tell nothing apart any more,
  /// and that of 0 has no logarithm.
  fileprivate var logEnergy: [Float] {
    let least = 1e-3 * Float(channels)
    return energy.map { log(max($0, least)) }
  }

  fileprivate func checkShape(height: Int, width: Int) throws(AContrarioError) {
    guard self.height == height, self.width == width else {
      throw .wrongShape(
        "the test has learnt grids of \(height) x \(width), but the picture's is \(self.height) x \(self.width)"
      )
    }
  }
}
