import BlemishSupport
import Foundation

/// A turned steel washer with three bolt holes, brushed in circles, on a dark table.
struct MetalDisc: PartSurface {
  private let brushing: ValueNoise
  private let table: ValueNoise

  init(_ generator: inout SplitMix64) {
    brushing = ValueNoise(&generator)
    table = ValueNoise(&generator)
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    let radius = length(place)
    let angle = Foundation.atan2(place.y, place.x)
    var edge = max(radius - 0.4, 0.13 - radius)
    for bolt in 0..<3 {
      let turn = Float(bolt) * 2 * .pi / 3 - .pi / 2
      let centre = SIMD2<Float>(Foundation.cos(turn), Foundation.sin(turn)) * 0.27
      edge = max(edge, 0.034 - length(place - centre))
    }
    let solid = coverage(edge, pixel: pixel)

    let turns = angle / (2 * .pi)
    let fine = brushing(radius * 170, turns * 28, period: 28)
    let coarse = brushing(radius * 46 + 9, turns * 9, period: 9)
    let steel = SIMD3<Float>(0.43, 0.44, 0.46) * (1 + 0.13 * fine + 0.07 * coarse)
    let cloth = table.octaves(place.x * 60, place.y * 60, count: 3)
    let shadow = 1 - 0.6 * Foundation.exp(-max(edge, 0) / 0.022)
    let behind = SIMD3<Float>(0.13, 0.15, 0.18) * (1 + 0.18 * cloth) * shadow

    let chamfer = smoothstep(-0.016, 0, edge)
    return SurfacePoint(
      color: mix(behind, steel, solid),
      height: -0.008 * chamfer * solid,
      gloss: solid * 0.38 * (1 + 0.2 * fine),
      grain: chamfer > 0.2 ? .zero : [-place.y / radius, place.x / radius],
      solid: solid
    )
  }
}
