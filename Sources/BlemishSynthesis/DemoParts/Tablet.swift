import BlemishSupport
import Foundation

/// A pressed white tablet with a score line and a raised rim, on a rubber belt.
struct Tablet: PartSurface {
  private let powder: ValueNoise
  private let belt: ValueNoise

  init(_ generator: inout SplitMix64) {
    powder = ValueNoise(&generator)
    belt = ValueNoise(&generator)
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    let radius = length(place)
    let edge = radius - 0.37
    let solid = coverage(edge, pixel: pixel)

    let bevel = smoothstep(-0.07, 0.01, edge)
    let score = Foundation.exp(-(place.x * place.x) / 0.00022) * smoothstep(0, -0.05, edge)
    let ring = Foundation.exp(-(radius - 0.285) * (radius - 0.285) / 0.00014)
    let grit = powder.octaves(place.x * 70, place.y * 70, count: 2)
    let dome = 0.07 * max(1 - radius * radius / 0.16, 0)
    let height = dome - 0.035 * bevel - 0.010 * score + 0.0035 * ring + 0.0006 * grit

    let speck = smoothstep(0.72, 0.9, powder(place.x * 60 + 31, place.y * 60))
    var white = SIMD3<Float>(0.80, 0.79, 0.75) * (1 + 0.025 * grit - 0.10 * score)
    white = mix(white, white * [0.90, 0.84, 0.70], speck)

    let rib = Foundation.sin(place.y * 2 * .pi * 26)
    let rubber = belt.octaves(place.x * 40, place.y * 40, count: 3)
    let offset = length(place - [0.018, 0.022]) - 0.37
    let shadow = 1 - 0.65 * Foundation.exp(-max(offset, 0) / 0.03)
    let behind = SIMD3<Float>(0.08, 0.22, 0.27) * (1 + 0.12 * rubber + 0.07 * rib) * shadow
    return SurfacePoint(
      color: mix(behind, white, solid),
      height: height * solid,
      gloss: solid * 0.07 + 0.02,
      solid: solid
    )
  }
}
