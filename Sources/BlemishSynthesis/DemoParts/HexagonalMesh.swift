import BlemishSupport
import Foundation

/// A galvanised sheet punched with hexagons; a defective one may lack a strut.
struct HexagonalMesh: PartSurface {
  private static let pitch: Float = 0.135
  private let zinc: ValueNoise
  private let broken: (centre: SIMD2<Float>, along: SIMD2<Float>)?

  init(_ generator: inout SplitMix64, brokenStrut: Bool) {
    zinc = ValueNoise(&generator)
    guard brokenStrut else {
      broken = nil
      return
    }
    let near = SIMD2<Float>(generator.uniform(-0.27, 0.27), generator.uniform(-0.27, 0.27))
    let cell = near - HexagonalMesh.fromCellCentre(near / HexagonalMesh.pitch) * HexagonalMesh.pitch
    let turn = Float(Int(generator.uniform(0, 5.99))) * .pi / 3
    let towards = SIMD2<Float>(Foundation.cos(turn), Foundation.sin(turn))
    broken = (cell + towards * HexagonalMesh.pitch / 2, [-towards.y, towards.x])
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    let inCell = HexagonalMesh.fromCellCentre(place / HexagonalMesh.pitch)
    let side = SIMD2<Float>(abs(inCell.x), abs(inCell.y))
    let fromCentre = max(side.x, side.x * 0.5 + side.y * 0.866_025_4)
    let edge = (0.365 - fromCentre) * HexagonalMesh.pitch
    var solid = coverage(edge, pixel: pixel)

    var gap: Float = 0
    if let broken {
      let offset = place - broken.centre
      let along = abs((offset * broken.along).sum())
      let across = abs(offset.x * broken.along.y - offset.y * broken.along.x)
      let torn = 0.010 * zinc(place.x * 90, place.y * 90)
      gap = coverage(max(along - 0.034 - torn, across - 0.03), pixel: pixel) * solid
      solid -= gap
    }
    let spangle = zinc.lattice(
      Int32((place.x * 21 + zinc(place.x * 17, place.y * 17)).rounded(.down)),
      Int32((place.y * 21 + zinc(place.x * 17 + 40, place.y * 17)).rounded(.down))
    )
    let fine = zinc.octaves(place.x * 55, place.y * 55, count: 2)
    let metal = SIMD3<Float>(0.50, 0.52, 0.54) * (1 + 0.07 * spangle + 0.06 * fine)
    let depth = smoothstep(-0.02, 0.05, edge)
    let behind = SIMD3<Float>(0.115, 0.10, 0.095) * (1.2 - 0.4 * depth + 0.15 * fine)
    let rounded = 1 - smoothstep(-0.014, 0, edge)
    return SurfacePoint(
      color: mix(behind, metal, solid),
      height: 0.007 * rounded * solid,
      gloss: solid * (0.22 + 0.05 * spangle),
      solid: solid,
      defect: gap
    )
  }

  /// The way from the centre of the hexagon around a place, for hexagons one apart.
  private static func fromCellCentre(_ place: SIMD2<Float>) -> SIMD2<Float> {
    let period = SIMD2<Float>(1, 1.732_050_8)
    let first = place - period * (place / period).rounded(.toNearestOrEven)
    let moved = place - period / 2
    let second = moved - period * (moved / period).rounded(.toNearestOrEven)
    return (first * first).sum() < (second * second).sum() ? first : second
  }
}
