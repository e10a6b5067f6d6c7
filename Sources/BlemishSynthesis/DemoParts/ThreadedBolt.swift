import BlemishSupport
import Foundation

/// A machined bolt on a pale table, seen from the side; in a defective one a piece of the thread may be
/// pressed flat.
///
/// Only the fine marks of the machining differ from bolt to bolt. The table is the same in all pictures.
struct ThreadedBolt: PartSurface {
  private static let table = ValueNoise(seed: 0x51F0_A7E3)
  private static let pitch: Float = 0.03
  /// The radius of the shank and of the thread's crests.
  private static let radius: Float = 0.085
  private static let headRadius: Float = 0.165
  private static let threadDepth: Float = 0.013

  private let machining: ValueNoise
  /// Where the thread is pressed flat, along the bolt and across it.
  private let flat: (centre: SIMD2<Float>, half: SIMD2<Float>)?

  init(_ generator: inout SplitMix64, flattenedThread: Bool) {
    machining = ValueNoise(&generator)
    guard flattenedThread else {
      flat = nil
      return
    }
    let centre = SIMD2<Float>(generator.uniform(0.02, 0.26), generator.uniform(-0.045, 0.045))
    flat = (centre, [generator.uniform(0.04, 0.06), generator.uniform(0.025, 0.04)])
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    let (along, across) = (place.x, place.y)
    let pressed = flattening(at: place)
    let wave = thread(along, across) * (1 - pressed)
    // The tip and the head's rim are chamfered.
    let tip = 0.045 * smoothstep(0.34, 0.40, along)
    let threaded = smoothstep(-0.06, -0.03, along)
    let shank = Self.radius - tip - Self.threadDepth * threaded * (1 - wave) * 0.8
    let head = Self.headRadius - 0.02 * smoothstep(-0.36, -0.40, along)
    let inShank = max(abs(across) - shank, max(-0.28 - along, along - 0.40))
    let inHead = max(abs(across) - head, max(-0.40 - along, along + 0.27))
    let edge = min(inShank, inHead)
    let solid = coverage(edge, pixel: pixel)

    let isHead = inHead < inShank
    let fine = machining.octaves(along * (isHead ? 240 : 60), across * (isHead ? 40 : 240), count: 2)
    let steel = SIMD3<Float>(0.40, 0.41, 0.43) * (1 + 0.025 * fine)
    let shaded = steel * (1 - 0.35 * threaded * (1 - wave) * (isHead ? 0 : 1))
    let bright = mix(shaded, steel * 1.22, pressed)

    let grain = Self.table.octaves(along * 80, across * 80, count: 3)
    let offset = place - [0.012, 0.016]
    let away = max(
      min(
        max(abs(offset.y) - Self.radius, max(-0.28 - offset.x, offset.x - 0.40)),
        max(abs(offset.y) - Self.headRadius, max(-0.40 - offset.x, offset.x + 0.27))), 0)
    let shadow = 1 - 0.5 * Foundation.exp(-away / 0.02)
    let behind = SIMD3<Float>(0.66, 0.66, 0.65) * (1 + 0.02 * grain) * shadow
    return SurfacePoint(
      color: mix(behind, bright, solid),
      height: height(across, wave: wave * threaded, isHead: isHead) * solid,
      gloss: 0.25 * solid,
      solid: solid,
      defect: pressed * solid
    )
  }

  /// How much of the thread is pressed flat at a place.
  private func flattening(at place: SIMD2<Float>) -> Float {
    guard let flat else { return 0 }
    let torn = 0.15 * machining(place.x * 50 + 11, place.y * 50)
    return 1 - smoothstep(0.75, 1, length((place - flat.centre) / flat.half) + torn)
  }

  /// The thread's profile, 0 in a root and 1 on a crest. The helix makes it lean.
  private func thread(_ along: Float, _ across: Float) -> Float {
    let turns = (along + 0.09 * across) / Self.pitch
    let phase = turns - turns.rounded(.down)
    return 1 - abs(2 * phase - 1)
  }

  private func height(_ across: Float, wave: Float, isHead: Bool) -> Float {
    guard !isHead else {
      // Three sides of the hexagon are seen: a level one and two that fall off.
      let side = max(abs(across) - Self.headRadius / 2, 0)
      return 0.05 - 0.35 * side
    }
    let part = min(abs(across) / Self.radius, 0.98)
    return 0.04 * (1 - part * part).squareRoot() + 0.008 * wave
  }
}
