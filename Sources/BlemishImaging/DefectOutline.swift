import BlemishSupport
import Foundation

/// Where a defect runs in a region of a picture.
///
/// A region of an anomaly map is a blob around its defect: maps are coarse, and seen through wide kernels. Within it two
/// things say of each pixel whether it is the defect's: how high the map is there, compared with the region's peak, and
/// how the pixel's colour, less the mean around it, compares with those around the region. The second follows edges; the
/// first decides where colours tell nothing.
///
/// Both classes of pixels have a law of colours. The background's is normal and learnt from around the region. The
/// defect's is half normal, learnt from the region in turns with the pixels' classes (expectation maximisation), and half
/// a constant: any colour that is rare around. The constant counts only where the region has such colours; where it has
/// none the defect is of the surface's own colours, and the map decides more.
package struct DefectOutline: Sendable {
  /// Its choices; docs/explanation/outlines.md says how they were made.
  package struct Constants: Sendable {
    /// Where the map is at this share of the peak, a pixel is as likely the defect's as not.
    var share: Float = 0.65
    /// So much do the log-odds grow from there to the peak's height.
    var gain: Float = 10
    /// Log-odds of the map, and those of the colours, are at most this.
    var mostOfMap: Float = 6
    var mostOfColors: Float = 4
    /// So much do the map's log-odds count where the region has colours that are rare around it.
    var mapWeight: Float = 0.5
    /// Colours are rare that this part of the surroundings is rarer than.
    var rare: Double = 0.01
    /// The constant counts where more than this part of a region's inner pixels is rare.
    var rareInside: Float = 0.05
    /// Variance added to each channel, of 255 from black to white.
    var leastVariance: Float = 4
    /// Surroundings count by how near the mean around them is to that of the region: this is the standard deviation.
    var likeness: Float = 40
    /// Fewer pixels around a region than this tell nothing.
    var fewestAround = 150
    /// Turns of expectation maximisation.
    var turns = 6
    /// Where colours are rare, a pixel stands out at least by this share of what its neighbours do: at half of it runs
    /// the edge of a blurred line.
    var edgeShare: Float = 0.4
    /// Smaller pieces than this part of the largest are left out.
    var leastPiece = 0.1
    /// An outline that has less than this part of its region says nothing: the map alone decides.
    var leastOfRegion = 0.03

    /// The present choices.
    package static let standard = Constants()
  }

  private let picture: [SIMD3<Float>]
  private let map: [Float]
  private let height: Int
  private let width: Int
  /// Pixels in a quarter of the map's cell, to which distances are in proportion.
  private let unit: Float
  private let constants: Constants

  /// What is needed to follow the defects of a picture.
  /// - Parameters:
  ///   - picture: the picture.
  ///   - map: how unusual each pixel is, at the picture's size.
  ///   - cell: pixels of the picture along a side of a cell of what the map was interpolated from.
  package init(_ picture: Picture, map: ScoreMap, cell: Double, constants: Constants = .standard) {
    precondition((map.width, map.height) == (picture.width, picture.height), "a map of another picture")
    let samples = picture.eightBitSamples
    let channels = picture.channels
    self.picture = (0..<picture.width * picture.height).map { pixel -> SIMD3<Float> in
      guard channels == 3 else { return SIMD3(repeating: Float(samples[pixel])) }
      let place = 3 * pixel
      return SIMD3(Float(samples[place]), Float(samples[place + 1]), Float(samples[place + 2]))
    }
    self.map = map.values
    (height, width) = (picture.height, picture.width)
    unit = max(Float(cell) / 4, 1)
    self.constants = constants
  }

  /// The pixels of the defect in a region of a mask, by their index in the picture, growing. There is always one.
  ///
  /// The outline may leave the region by half a cell of the map.
  package func pixels(of region: ConnectedComponents.Region, in components: ConnectedComponents) -> [Int] {
    let margin = Int(2 * unit)
    let window = Window(
      rows: region.rows, columns: region.columns, margin: margin + Int(24 * unit), in: (height, width))
    let labels = window.map(pictureWidth: width) { components.labels[$0] }
    let inside = labels.map { $0 == region.label }
    let near = window.grown(inside, by: margin)
    let heights = window.map(pictureWidth: width) { map[$0] }
    let peak = zip(heights, inside).reduce(-Float.infinity) { $1.1 ? max($0, $1.0) : $0 }
    guard peak > 0 else { return indices(inside, in: window) }
    let ofMap = heights.map {
      min(max(($0 / peak - constants.share) * constants.gain, -constants.mostOfMap), constants.mostOfMap)
    }
    let byMap = zip(inside, ofMap).map { $0 && $1 > 0 }
    let mayBe = zip(near, labels).map { $0 && ($1 == 0 || $1 == region.label) }
    let found = byColors(window, mayBe, others: labels.map { $0 != 0 && $0 != region.label }, ofMap)
    let kept = found.map { largePieces($0, width: window.width) } ?? byMap
    let isEnough = Double(kept.count { $0 }) >= constants.leastOfRegion * Double(region.area)
    return indices(isEnough && kept.contains(true) ? kept : byMap, in: window)
  }

  private func indices(_ marked: [Bool], in window: Window) -> [Int] {
    zip(window.map(pictureWidth: width) { $0 }, marked).filter(\.1).map(\.0)
  }

  /// The pixels of the defect by map and colours; nil where too little is around to compare with.
  private func byColors(
    _ window: Window, _ mayBe: [Bool], others: [Bool], _ ofMap: [Float]
  ) -> [Bool]? {
    let places = mayBe.indices.filter { mayBe[$0] }
    var odds = zip(mayBe, ofMap).map { $0 ? probability($1) : 0 }
    let colors = window.softened(window.map(pictureWidth: width) { picture[$0] }, share: 0.08)
    let around = usualColors(window, colors, weights: zip(odds, others).map { $1 ? 0 : 1 - $0 })
    let residuals = zip(colors, around).map { $0 - $1 }

    // The background: around the region, where the surface is like that of the region.
    let inner = places.filter { ofMap[$0] > 0 }
    let mean = inner.reduce(SIMD3<Float>.zero) { $0 + around[$1] } / Float(max(inner.count, 1))
    var background = zip(mayBe, others).map { $0 || $1 ? Float(0) : 1 }
    let alike = around.indices.map { pixel -> Float in
      let d = around[pixel] - mean
      return background[pixel] * exp(-0.5 * (d * d).sum() / (constants.likeness * constants.likeness))
    }
    if alike.reduce(0, +) >= Float(constants.fewestAround) {
      background = zip(background, alike).map { $1 > 0.1 ? $0 : 0 }
    }
    let outside = background.indices.filter { background[$0] > 0 }
    guard outside.count >= constants.fewestAround, !inner.isEmpty else { return nil }
    func law(_ weights: [Float]) -> ColorLaw {
      ColorLaw(of: residuals, weights: weights, leastVariance: constants.leastVariance)
    }
    var usual = law(background)
    for _ in 0..<2 {
      // Without what is rarest, which may be another defect.
      let densities = outside.map { usual.logDensity(residuals[$0]) }
      let least = quantile(densities, constants.rare)
      var trimmed = [Float](repeating: 0, count: window.count)
      for (pixel, density) in zip(outside, densities) where density > least { trimmed[pixel] = 1 }
      usual = law(trimmed)
    }
    let ofBackground = residuals.map(usual.logDensity)
    let soft = window.softened(ofBackground, share: 0.18)
    let rare = quantile(outside.map { soft[$0] }, constants.rare)
    let hasRare =
      Float(inner.count { soft[$0] < rare }) > constants.rareInside * Float(inner.count)

    // The defect.
    let mapWeight = hasRare ? constants.mapWeight : 1
    let constant = hasRare ? log(Float(0.5)) + rare : -Float.infinity
    let share = hasRare ? log(Float(0.5)) : 0
    func limited(_ ratio: Float) -> Float {
      min(max(ratio, -constants.mostOfColors), constants.mostOfColors)
    }
    if hasRare {
      for pixel in places {
        odds[pixel] = probability(mapWeight * ofMap[pixel] + limited(rare - soft[pixel]))
      }
    }
    for _ in 0..<constants.turns {
      let defect = law(odds)
      var ratios = [Float](repeating: 0, count: window.count)
      for pixel in ratios.indices {
        let normal = share + defect.logDensity(residuals[pixel])
        let larger = max(normal, constant)
        ratios[pixel] = larger + log1p(exp(min(normal, constant) - larger)) - ofBackground[pixel]
      }
      ratios = window.softened(ratios, share: 0.18)
      for pixel in places { odds[pixel] = probability(mapWeight * ofMap[pixel] + limited(ratios[pixel])) }
    }
    let found = odds.map { $0 > 0.5 }
    return hasRare ? edged(found, window, ofBackground) : found
  }

  /// The mean colour around each pixel.
  private func usualColors(_ window: Window, _ colors: [SIMD3<Float>], weights: [Float]) -> [SIMD3<Float>] {
    let sums = window.blurred(
      zip(colors, weights).map { SIMD4($0 * $1, $1) }, deviation: 8 * unit)
    return sums.map { SIMD3($0.x, $0.y, $0.z) / ($0.w + 1e-3) }
  }

  /// Without the pixels that stand out much less than those beside them: they are the blur of these.
  private func edged(_ found: [Bool], _ window: Window, _ ofBackground: [Float]) -> [Bool] {
    let highest = ofBackground.max() ?? 0
    let distances = zip(ofBackground, found).map { $1 ? (2 * max(highest - $0, 0)).squareRoot() : 0 }
    let neighbours = window.highest(distances, within: 2)
    return found.indices.map { found[$0] && distances[$0] >= constants.edgeShare * neighbours[$0] }
  }

  private func largePieces(_ found: [Bool], width: Int) -> [Bool] {
    let pieces = ConnectedComponents(of: found, width: width)
    let largest = pieces.regions.map(\.area).max() ?? 0
    return pieces.labels.map {
      $0 > 0 && Double(pieces.regions[Int($0) - 1].area) >= constants.leastPiece * Double(largest)
    }
  }
}

private func probability(_ logOdds: Float) -> Float { 1 / (1 + exp(-logOdds)) }

private func quantile(_ values: [Float], _ share: Double) -> Float {
  let sorted = values.sorted()
  return sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)]
}
