import BlemishSupport
import Foundation

/// A planed plate of oak: year rings, rays and pores along the grain.
struct WoodPlate: PartSurface {
  private let rings: ValueNoise
  private let pores: ValueNoise
  private let origin: SIMD2<Float>

  init(_ generator: inout SplitMix64) {
    rings = ValueNoise(&generator)
    pores = ValueNoise(&generator)
    origin = [generator.uniform(-40, 40), generator.uniform(-40, 40)]
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    let at = place + origin
    let bend = rings.octaves(at.x * 0.9, at.y * 1.6, count: 3)
    let years = at.y * 7 + bend * 1.7
    let phase = years - years.rounded(.down)
    // Early wood grows light and slowly darkens; the next year starts with a sharp edge.
    let late = smoothstep(0.25, 0.95, phase) * (1 - smoothstep(0.95, 1, phase))
    let pore = smoothstep(0.28, 0.75, pores(at.x * 9, at.y * 130 + bend * 18)) * (1 - 0.6 * late)
    let fibre = pores(at.x * 16 + 7, at.y * 210)
    let tone = rings.octaves(at.x * 1.3 + 50, at.y * 2.2, count: 2)

    var color = mix(SIMD3<Float>(0.74, 0.55, 0.35), [0.55, 0.36, 0.20], late * 0.85)
    color = color * (1 + 0.045 * fibre + 0.07 * tone)
    color = mix(color, [0.33, 0.21, 0.12], pore * 0.6)
    return SurfacePoint(color: color, height: 0.0009 * late - 0.0016 * pore, gloss: 0.05)
  }
}
