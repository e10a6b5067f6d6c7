import BlemishSupport
import Foundation

/// A planted defect: where each pixel is changed, by how much, and what the change does to the surface.
struct PlantedDefect {
  private let size: Int
  /// 0 (untouched) to 1 for each pixel.
  private var weight: [Float]
  private let kind: DefectKind
  private let noise: ValueNoise

  /// Plants a defect in the grid at a place of the part and records its weight there.
  ///
  /// Kinds that belong to one material are drawn by its surface; here they need nothing.
  ///
  /// - Parameter grain: the direction that cracks follow, for a material that has one.
  static func plant(
    _ kind: DefectKind,
    in grid: inout SurfaceGrid,
    grain: SIMD2<Float>?,
    _ generator: inout SplitMix64
  ) {
    var defect = PlantedDefect(kind, size: grid.size, &generator)
    switch kind {
    case .scratch:
      let start = defect.place(in: grid, margin: 0.03, &generator)
      defect.drawCurve(
        from: start,
        reach: generator.uniform(0.20, 0.42),
        bend: 0.5,
        width: generator.uniform(0.008, 0.012),
        &generator
      )
    case .fibre:
      let start = defect.place(in: grid, margin: 0.03, &generator)
      defect.drawCurve(
        from: start,
        reach: generator.uniform(0.26, 0.42),
        bend: 1.5,
        width: generator.uniform(0.010, 0.013),
        &generator
      )
    case .crack:
      let start = defect.place(in: grid, margin: 0.03, &generator)
      let inwards = start == .zero ? generator.direction() : -start / length(start)
      defect.drawCrack(
        from: start,
        heading: grain ?? inwards,
        reach: generator.uniform(0.26, 0.42),
        width: generator.uniform(0.013, 0.018),
        jitter: grain == nil ? 0.75 : 0.22,
        branches: grain == nil ? 2 : 0,
        &generator
      )
    case .stain:
      let centre = defect.place(in: grid, margin: 0.06, &generator)
      defect.drawBlot(at: centre, radius: generator.uniform(0.05, 0.10), raggedness: 0.45, softness: 0.10)
    case .dent:
      let centre = defect.place(in: grid, margin: 0.06, &generator)
      defect.drawBlot(at: centre, radius: generator.uniform(0.06, 0.085), raggedness: 0.12, softness: 0.9)
    case .hole:
      let centre = defect.place(in: grid, margin: 0.06, &generator)
      defect.drawBlot(at: centre, radius: generator.uniform(0.035, 0.06), raggedness: 0.6, softness: 0.06)
    case .chip:
      let centre = defect.placeOnRim(of: grid, &generator)
      defect.drawBlot(at: centre, radius: generator.uniform(0.06, 0.10), raggedness: 0.55, softness: 0.04)
    case .shaving:
      let centre = defect.place(in: grid, margin: 0.04, &generator)
      let along = generator.direction() * generator.uniform(0.02, 0.05)
      for step in -2...2 {
        let part = Float(step) / 2
        let curl = SIMD2<Float>(-along.y, along.x) * (part * part * 0.7)
        defect.drawBlot(
          at: centre + along * part + curl,
          radius: 0.024 * (1.2 - 0.5 * abs(part)),
          raggedness: 0.3,
          softness: 0.08
        )
      }
    case .pulledThread, .missingPart, .brokenStrut, .flattenedThread: return
    }
    defect.change(&grid)
  }

  private init(_ kind: DefectKind, size: Int, _ generator: inout SplitMix64) {
    self.size = size
    self.kind = kind
    weight = [Float](repeating: 0, count: size * size)
    noise = ValueNoise(&generator)
  }

  // MARK: Where

  /// A place at which the part is solid, and so around it at a distance of `margin` picture widths.
  private func place(
    in grid: SurfaceGrid,
    margin: Float,
    _ generator: inout SplitMix64
  ) -> SIMD2<Float> {
    for _ in 0..<400 {
      let place = SIMD2<Float>(generator.uniform(-0.4, 0.4), generator.uniform(-0.4, 0.4))
      let around: [SIMD2<Float>] = [[0, 0], [margin, 0], [-margin, 0], [0, margin], [0, -margin]]
      if around.allSatisfy({ solid(grid, place + $0) > 0.9 }) { return place }
    }
    return mostSolid(grid, &generator)
  }

  /// For a part that is nowhere solid over that distance (a mesh): a place on one of its struts.
  private func mostSolid(_ grid: SurfaceGrid, _ generator: inout SplitMix64) -> SIMD2<Float> {
    for _ in 0..<400 {
      let place = SIMD2<Float>(generator.uniform(-0.35, 0.35), generator.uniform(-0.35, 0.35))
      if solid(grid, place) > 0.9 { return place }
    }
    return .zero
  }

  /// A place where the part meets what lies behind it.
  private func placeOnRim(of grid: SurfaceGrid, _ generator: inout SplitMix64) -> SIMD2<Float> {
    for _ in 0..<50 {
      let heading = generator.direction()
      var reach: Float = 0.48
      while reach > 0.2 {
        if solid(grid, heading * reach) > 0.9 { return heading * (reach + 0.005) }
        reach -= 0.004
      }
    }
    return .zero
  }

  private func solid(_ grid: SurfaceGrid, _ place: SIMD2<Float>) -> Float {
    let (column, row) = (Int((place.x + 0.5) * Float(size)), Int((place.y + 0.5) * Float(size)))
    guard column >= 0, column < size, row >= 0, row < size else { return 0 }
    return grid.points[row * size + column].solid
  }

  // MARK: Shape

  private mutating func drawCurve(
    from start: SIMD2<Float>,
    reach: Float,
    bend: Float,
    width: Float,
    _ generator: inout SplitMix64
  ) {
    let steps = 14
    // Towards the middle rather than off the part.
    var angle = Foundation.atan2(-start.y, -start.x) + generator.uniform(-0.9, 0.9)
    var turning = generator.uniform(-bend, bend)
    var place = start
    for step in 0..<steps {
      let heading = SIMD2<Float>(Foundation.cos(angle), Foundation.sin(angle))
      let next = place + heading * (reach / Float(steps))
      let part = Float(step) / Float(steps)
      let thickness = kind == .fibre ? width : width * (0.45 + 0.55 * Foundation.sin(.pi * (part + 0.05)))
      drawLine(from: place, to: next, width: max(thickness, 1.3 / Float(size)))
      place = next
      angle += turning * (kind == .fibre ? 0.14 : 0.10)
      turning += generator.uniform(-bend, bend) * 0.5
    }
  }

  private mutating func drawCrack(
    from start: SIMD2<Float>,
    heading: SIMD2<Float>,
    reach: Float,
    width: Float,
    jitter: Float,
    branches: Int,
    _ generator: inout SplitMix64
  ) {
    let steps = 9
    var place = start
    var left = branches
    for step in 0..<steps {
      let side = SIMD2<Float>(-heading.y, heading.x) * generator.uniform(-jitter, jitter)
      let next = place + (heading + side) * (reach / Float(steps))
      let taper = 1 - 0.75 * Float(step) / Float(steps)
      drawLine(from: place, to: next, width: max(width * taper, 1.2 / Float(size)))
      place = next
      if left > 0 && step > 1 && generator.uniform(0, 1) < 0.35 {
        left -= 1
        let turn = generator.uniform(0, 1) < 0.5 ? Float(0.8) : -0.8
        let aside = heading * 0.65 + SIMD2<Float>(-heading.y, heading.x) * turn
        drawCrack(
          from: place,
          heading: aside / length(aside),
          reach: reach * 0.4,
          width: width * taper * 0.75,
          jitter: jitter,
          branches: 0,
          &generator
        )
      }
    }
  }

  private mutating func drawLine(from start: SIMD2<Float>, to end: SIMD2<Float>, width: Float) {
    let pixel = 1 / Float(size)
    paint(around: (start + end) / 2, reach: length(end - start) / 2 + width + pixel) { place in
      coverage(distance(place, from: start, to: end) - width / 2, pixel: pixel)
    }
  }

  private mutating func drawBlot(at centre: SIMD2<Float>, radius: Float, raggedness: Float, softness: Float) {
    let noise = noise
    let soft = max(softness, 1.5 / (radius * Float(size)))
    paint(around: centre, reach: radius * (1.2 + raggedness)) { place in
      let ragged = noise.octaves(place.x / radius, place.y / radius, count: 3) * raggedness
      return smoothstep(0, soft, 1 - length(place - centre) / radius + ragged)
    }
  }

  /// Raises the weight of the pixels around a place to what `amount` says of their centres.
  private mutating func paint(
    around centre: SIMD2<Float>,
    reach: Float,
    amount: (SIMD2<Float>) -> Float
  ) {
    let size = Float(size)
    func span(_ middle: Float) -> Range<Int> {
      let low = min(max((middle - reach + 0.5) * size - 1, 0), size)
      let high = min(max((middle + reach + 0.5) * size + 1, low), size)
      return Int(low)..<Int(high)
    }
    let columns = span(centre.x)
    for row in span(centre.y) {
      for column in columns {
        let place = (SIMD2<Float>(Float(column), Float(row)) + 0.5) / size - 0.5
        let index = row * self.size + column
        weight[index] = max(weight[index], amount(place))
      }
    }
  }

  // MARK: Effect

  private func change(_ grid: inout SurfaceGrid) {
    for index in weight.indices where weight[index] > 0 {
      let place = SIMD2<Float>(Float(index % size), Float(index / size)) / Float(size) - 0.5
      let fine = noise(place.x * 90, place.y * 90)
      var point = grid.points[index]
      // What lies on a part hangs over its holes; what is done to the part needs the part.
      let liesOnTop = kind == .fibre || kind == .shaving
      let amount = liesOnTop ? weight[index] : weight[index] * point.solid
      apply(amount, fine: fine, to: &point)
      point.defect = max(point.defect, amount)
      grid.points[index] = point
    }
  }

  private func apply(_ amount: Float, fine: Float, to point: inout SurfacePoint) {
    switch kind {
    case .scratch:
      point.color = mix(point.color, point.color * 1.25 + 0.16, amount * (0.75 + 0.25 * fine))
      point.height -= 0.005 * amount
      point.grain *= 1 - amount
    case .crack:
      point.color *= 1 - 0.72 * amount
      point.height -= 0.006 * amount
    case .stain:
      let rim = 4 * amount * (1 - amount)
      point.color = mix(point.color, point.color * [0.70, 0.60, 0.46], amount)
      point.color *= 1 - 0.22 * rim
      point.gloss *= 1 - 0.4 * amount
    case .dent:
      point.height -= 0.022 * amount
      point.color *= 1 - 0.06 * amount
    case .hole:
      point.color = mix(point.color, [0.055, 0.05, 0.05], amount)
      point.height -= 0.012 * amount
    case .chip:
      point.color = mix(point.color, point.color * (0.74 + 0.08 * fine), amount)
      point.height -= (0.016 + 0.002 * fine) * amount
    case .fibre:
      point.color = mix(point.color, SIMD3<Float>(0.45, 0.09, 0.10) * (1 + 0.15 * fine), amount)
      point.height += 0.006 * amount
      point.gloss = mix(point.gloss, 0.12, amount)
      point.grain *= 1 - amount
    case .shaving:
      point.color = mix(point.color, SIMD3<Float>(0.62, 0.63, 0.65) * (1 + 0.12 * fine), amount)
      point.height += (0.013 + 0.002 * fine) * amount
      point.gloss = mix(point.gloss, 0.55, amount)
      point.grain *= 1 - amount
    case .pulledThread, .missingPart, .brokenStrut, .flattenedThread: break
    }
  }
}
