import BlemishSupport
import Foundation

/// A blue twill; in a defective one a weft thread may be pulled out over several warp threads.
struct Cloth: PartSurface {
  private static let threads: Float = 24
  private let yarn: ValueNoise
  private let drape: ValueNoise
  private let origin: SIMD2<Float>
  private let pulled: (row: Int32, columns: ClosedRange<Float>)?

  init(_ generator: inout SplitMix64, pulledThread: Bool) {
    yarn = ValueNoise(&generator)
    drape = ValueNoise(&generator)
    origin = [generator.uniform(0, 40), generator.uniform(0, 40)]
    guard pulledThread else {
      pulled = nil
      return
    }
    let start = generator.uniform(-0.34, 0.02) * Cloth.threads + origin.x
    let row = generator.uniform(-0.36, 0.36) * Cloth.threads + origin.y
    pulled = (Int32(row.rounded(.down)), start...(start + generator.uniform(6, 10)))
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    var at = place * Cloth.threads + origin
    at.x += 0.35 * drape(place.x * 2.5, place.y * 5)
    at.y += 0.35 * drape(place.x * 5 + 20, place.y * 2.5)

    var loose: Float = 0
    if let pulled {
      let middle = (pulled.columns.lowerBound + pulled.columns.upperBound) / 2
      let half = (pulled.columns.upperBound - pulled.columns.lowerBound) / 2
      let along = abs(at.x - middle) / half
      // The pulled thread bows out and gathers its neighbours.
      at.y += 0.55 * max(1 - along * along, 0)
      if Int32(at.y.rounded(.down)) == pulled.row && along < 1 { loose = min((1 - along) * 6, 1) }
    }
    let cell = at.rounded(.down)
    let inCell = at - cell
    let (column, row) = (Int32(cell.x), Int32(cell.y))
    let step = Float((column &+ row) & 3)
    let warpAbove = step < 2 && loose == 0

    let across = warpAbove ? inCell.x : inCell.y
    let bow = 2 * across - 1
    let profile = max(1 - bow * bow * 0.92, 0).squareRoot()
    let along = warpAbove ? (step + inCell.y) / 2 : (3 - step + inCell.x) / 2 - 0.5
    let bulge = loose > 0 ? 1.15 : 0.45 + 0.55 * max(Foundation.sin(.pi * min(max(along, 0), 1)), 0)

    let own = yarn.lattice(warpAbove ? column : row, warpAbove ? -77 : 77)
    let fibre = warpAbove ? yarn(at.x * 5, at.y * 1.4 + at.x * 2) : yarn(at.x * 1.4 + at.y * 2, at.y * 5)
    let dye = drape.octaves(place.x * 4 + 60, place.y * 4, count: 2)
    var color: SIMD3<Float> = warpAbove ? [0.17, 0.27, 0.47] : [0.50, 0.56, 0.64]
    color = color * (1 + 0.07 * own + 0.13 * fibre + 0.05 * dye) * (0.45 + 0.55 * profile * bulge)
    if loose > 0 { color = mix(color, SIMD3<Float>(0.72, 0.76, 0.80) * (0.6 + 0.4 * profile), loose) }
    return SurfacePoint(
      color: color,
      height: 0.010 * profile * bulge + 0.006 * loose * profile,
      gloss: 0.02,
      defect: loose
    )
  }
}
