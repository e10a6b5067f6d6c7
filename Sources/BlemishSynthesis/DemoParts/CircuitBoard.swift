import BlemishSupport
import Foundation

/// A printed board with a chip, eight small parts, traces and an edge connector; in a defective one a part
/// may be missing from its pads.
struct CircuitBoard: PartSurface {
  private let weave: ValueNoise
  private let missing: Int?
  private let tone: Float

  private struct Part {
    var centre: SIMD2<Float>
    var half: SIMD2<Float>
    var body: SIMD3<Float>
  }

  private static let chip = Part(centre: [0.02, -0.05], half: [0.15, 0.13], body: [0.075, 0.078, 0.085])

  private static let parts: [Part] = {
    let resistor: SIMD3<Float> = [0.10, 0.10, 0.11]
    let capacitor: SIMD3<Float> = [0.52, 0.40, 0.27]
    return [
      Part(centre: [-0.36, -0.36], half: [0.055, 0.028], body: resistor),
      Part(centre: [-0.36, -0.25], half: [0.055, 0.028], body: resistor),
      Part(centre: [-0.35, -0.03], half: [0.060, 0.036], body: capacitor),
      Part(centre: [-0.36, 0.16], half: [0.055, 0.028], body: resistor),
      Part(centre: [0.36, -0.37], half: [0.060, 0.036], body: capacitor),
      Part(centre: [0.37, -0.17], half: [0.055, 0.028], body: resistor),
      Part(centre: [0.37, 0.02], half: [0.055, 0.028], body: resistor),
      Part(centre: [0.34, 0.20], half: [0.060, 0.036], body: capacitor),
    ]
  }()

  private static let traces: [(SIMD2<Float>, SIMD2<Float>)] = {
    var lines: [(SIMD2<Float>, SIMD2<Float>)] = []
    func run(_ points: SIMD2<Float>...) { lines += zip(points, points.dropFirst()).map { ($0, $1) } }
    run([-0.30, -0.36], [-0.22, -0.36], [-0.18, -0.14], [-0.13, -0.14])
    run([-0.30, -0.25], [-0.24, -0.25], [-0.20, -0.08], [-0.13, -0.08])
    run([-0.28, -0.03], [-0.13, -0.02])
    run([-0.30, 0.16], [-0.22, 0.16], [-0.19, 0.04], [-0.13, 0.04])
    run([0.17, -0.14], [0.23, -0.14], [0.27, -0.37], [0.30, -0.37])
    run([0.17, -0.08], [0.25, -0.08], [0.31, -0.17])
    run([0.17, -0.02], [0.27, -0.02], [0.31, 0.02])
    run([0.17, 0.04], [0.22, 0.04], [0.28, 0.20])
    for finger in 0..<8 {
      let x = -0.315 + Float(finger) * 0.09
      run([x, 0.40], [x, 0.30], [x * 0.62, 0.22], [x * 0.62, 0.15])
    }
    run([-0.02, -0.18], [-0.02, -0.30], [0.06, -0.38], [0.06, -0.55])
    run([0.08, -0.18], [0.08, -0.28], [0.16, -0.36], [0.16, -0.55])
    run([-0.08, -0.18], [-0.08, -0.32], [-0.14, -0.40], [-0.14, -0.55])
    run([-0.44, -0.55], [-0.44, 0.55])
    run([0.455, -0.55], [0.455, 0.55])
    return lines
  }()

  private static let vias: [SIMD2<Float>] = [
    [-0.25, 0.08], [-0.24, -0.17], [0.25, 0.11], [0.24, -0.22], [-0.02, -0.30], [0.08, -0.28],
    [-0.08, -0.32],
    [-0.44, 0.30], [0.455, -0.28], [-0.28, 0.27], [0.30, 0.30],
  ]

  init(_ generator: inout SplitMix64, missingPart: Bool) {
    weave = ValueNoise(&generator)
    tone = generator.uniform(0.93, 1.07)
    missing = missingPart ? Int(generator.uniform(0, Float(CircuitBoard.parts.count) - 0.01)) : nil
  }

  func callAsFunction(_ place: SIMD2<Float>, pixel: Float) -> SurfacePoint {
    let fine = weave.octaves(place.x * 90, place.y * 90, count: 2)
    let glass = Foundation.sin(place.x * 420) * Foundation.sin(place.y * 420)
    var point = SurfacePoint(
      color: SIMD3<Float>(0.035, 0.235, 0.135) * tone * (1 + 0.05 * fine + 0.04 * glass),
      gloss: 0.10
    )

    var trace: Float = 1
    for (start, end) in CircuitBoard.traces { trace = min(trace, distance(place, from: start, to: end)) }
    let copper = coverage(trace - 0.0085, pixel: pixel)
    point.color = mix(point.color, SIMD3<Float>(0.085, 0.375, 0.215) * (1 + 0.04 * fine), copper)
    point.height = 0.0012 * (1 - smoothstep(0.006, 0.012, trace))

    for via in CircuitBoard.vias {
      let radius = length(place - via)
      guard radius < 0.03 else { continue }
      metal(&point, coverage(radius - 0.016, pixel: pixel), [0.62, 0.51, 0.28], height: 0.001)
      point.color = mix(point.color, [0.04, 0.04, 0.04], coverage(radius - 0.007, pixel: pixel))
    }
    for finger in 0..<8 {
      let centre = SIMD2<Float>(-0.315 + Float(finger) * 0.09, 0.455)
      metal(
        &point,
        coverage(box(place - centre, [0.028, 0.055]), pixel: pixel),
        [0.70, 0.56, 0.25],
        height: 0.0015
      )
    }
    for index in CircuitBoard.parts.indices {
      draw(
        CircuitBoard.parts[index],
        isMissing: missing == index,
        at: place,
        pixel: pixel,
        fine: fine,
        &point
      )
    }
    drawChip(at: place, pixel: pixel, fine: fine, &point)
    return point
  }

  private func draw(
    _ part: Part,
    isMissing: Bool,
    at place: SIMD2<Float>,
    pixel: Float,
    fine: Float,
    _ point: inout SurfacePoint
  ) {
    let offset = place - part.centre
    guard abs(offset.x) < 0.12, abs(offset.y) < 0.08 else { return }
    let outline = abs(box(offset, part.half + [0.022, 0.014])) - 0.0032
    point.color = mix(point.color, [0.70, 0.72, 0.68], coverage(outline, pixel: pixel) * 0.85)
    let cap = SIMD2<Float>(abs(offset.x) - part.half.x * 0.82, offset.y)
    metal(
      &point,
      coverage(box(cap, [part.half.x * 0.34, part.half.y * 1.02]), pixel: pixel),
      [0.56, 0.57, 0.58],
      height: 0.003
    )
    let edge = box(offset, part.half)
    let inside = coverage(edge, pixel: pixel)
    guard !isMissing else {
      point.defect = max(point.defect, inside)
      return
    }
    let body = coverage(box(offset, [part.half.x * 0.62, part.half.y]), pixel: pixel)
    point.color = mix(point.color, part.body * (1 + 0.08 * fine), body)
    point.height = max(point.height, 0.012 * (1 - smoothstep(-0.010, 0.002, edge)))
    let shadow = Foundation.exp(-max(box(offset - [0.007, 0.009], part.half), 0) / 0.008) * (1 - inside)
    point.color *= 1 - 0.5 * shadow
  }

  private func drawChip(at place: SIMD2<Float>, pixel: Float, fine: Float, _ point: inout SurfacePoint) {
    let chip = CircuitBoard.chip
    let offset = place - chip.centre
    guard abs(offset.x) < 0.24, abs(offset.y) < 0.22 else { return }
    for pin in -3...3 {
      let x = offset.x - Float(pin) * 0.042
      let y = abs(offset.y) - chip.half.y - 0.018
      metal(&point, coverage(box([x, y], [0.011, 0.026]), pixel: pixel), [0.58, 0.59, 0.60], height: 0.004)
    }
    let edge = box(offset, chip.half)
    let body = coverage(edge, pixel: pixel)
    let shadow = Foundation.exp(-max(box(offset - [0.010, 0.013], chip.half), 0) / 0.012) * (1 - body)
    point.color *= 1 - 0.55 * shadow
    var plastic = chip.body * (1 + 0.10 * fine)
    let dot = length(offset - [-0.115, 0.095]) - 0.013
    plastic = mix(plastic, [0.16, 0.16, 0.17], coverage(dot, pixel: pixel))
    // Two lines of laser marking.
    for (line, reach) in [(Float(-0.02), Float(0.085)), (0.025, 0.055)] {
      let strokes = weaveless(offset.x * 190 + line * 900)
      let band = coverage(box(offset - [0, line], [reach, 0.012]), pixel: pixel)
      plastic = mix(plastic, [0.36, 0.36, 0.36], band * strokes)
    }
    point.color = mix(point.color, plastic, body)
    point.gloss = mix(point.gloss, 0.06, body)
    point.height = mix(point.height, 0.016 * (1 - smoothstep(-0.014, 0.002, edge)), body)
  }

  /// A fixed pattern of strokes that reads as print from afar.
  private func weaveless(_ x: Float) -> Float {
    smoothstep(0.1, 0.5, Foundation.sin(x) * 0.6 + Foundation.sin(x * 1.7 + 1) * 0.5)
  }

  private func metal(_ point: inout SurfacePoint, _ amount: Float, _ color: SIMD3<Float>, height: Float) {
    point.color = mix(point.color, color, amount)
    point.gloss = mix(point.gloss, 0.45, amount)
    point.height = mix(point.height, height, amount)
  }
}

/// The signed distance to a box around the origin.
private func box(_ place: SIMD2<Float>, _ half: SIMD2<Float>) -> Float {
  let beyond = SIMD2<Float>(abs(place.x), abs(place.y)) - half
  return length([max(beyond.x, 0), max(beyond.y, 0)]) + min(max(beyond.x, beyond.y), 0)
}

/// The distance to a line between two points.
func distance(_ place: SIMD2<Float>, from start: SIMD2<Float>, to end: SIMD2<Float>) -> Float {
  let (way, offset) = (end - start, place - start)
  let part = min(max((offset * way).sum() / max((way * way).sum(), 1e-12), 0), 1)
  return length(offset - way * part)
}
