import Foundation

extension Coverage {
  /// A thin line that wanders: often narrower than a pixel, sometimes soft, sometimes with gaps.
  /// - Parameter scale: in pixels; the line is between a twelfth and six fifths of it long.
  static func line(scale: Float, width: Int, height: Int, _ random: inout SynthesisRandom) -> Coverage {
    let step: Float = 3
    let count = max(3, Int(random.logUniform(scale / 12, scale * 1.2) / step))
    let unrest = random.uniform(0, 0.35)
    var direction = random.uniform(0, 2 * .pi)
    var points = [SIMD2<Float>.zero]
    for _ in 0..<count {
      direction += unrest * random.normal()
      points.append(points[points.count - 1] + step * SIMD2(cos(direction), sin(direction)))
    }
    let middle = points.reduce(.zero, +) / Float(points.count)
    let centre = SIMD2(random.uniform(0, Float(width)), random.uniform(0, Float(height)))
    points = points.map { $0 - middle + centre }
    let thickness = random.logUniform(0.6, 4)
    let softness = random.chance(0.4) ? random.uniform(1.3, 3) : 1
    var line = Coverage(along: points, thickness: thickness, softness: softness, width: width, height: height)
    if random.chance(0.4), line.width > 0, line.height > 0 {
      let gaps = SmoothField.make(width: line.width, height: line.height, cell: 8, &random)
      for index in line.values.indices { line.values[index] *= saturate(gaps.values[index] + 1) }
    }
    // A line narrower than a pixel is faint by its amplitude alone, not by its width as well.
    let strongest = line.values.max() ?? 0
    if strongest > 0.05 { for index in line.values.indices { line.values[index] /= strongest } }
    return line
  }

  /// The pixels around a chain of segments.
  private init(
    along points: [SIMD2<Float>], thickness: Float, softness: Float, width pictureWidth: Int,
    height pictureHeight: Int
  ) {
    let reach = thickness / 2 + softness
    let (xs, ys) = (points.map(\.x), points.map(\.y))
    self.init(
      x: xs.min()! - reach...xs.max()! + reach, y: ys.min()! - reach...ys.max()! + reach, width: pictureWidth,
      height: pictureHeight)
    let (x0, y0, width, height) = (x0, y0, width, height)
    values.withUnsafeMutableBufferPointer { values in
      for (start, end) in zip(points, points.dropFirst()) {
        let along = end - start
        let scale = 1 / max((along * along).sum(), 1e-6)
        let columns = Self.range(start.x, end.x, reach, from: x0, count: width)
        for y in Self.range(start.y, end.y, reach, from: y0, count: height) {
          for x in columns {
            let place = SIMD2(Float(x0 + x), Float(y0 + y)) - start
            let nearest = along * saturate((place * along).sum() * scale)
            let away = place - nearest
            let distance = (away * away).sum().squareRoot()
            let covered = min(saturate((thickness / 2 - distance) / softness + 0.5), thickness)
            values[y * width + x] = max(values[y * width + x], covered)
          }
        }
      }
    }
  }

  private static func range(_ a: Float, _ b: Float, _ reach: Float, from start: Int, count: Int) -> Range<Int>
  {
    let low = max(Int((min(a, b) - reach).rounded(.down)) - start, 0)
    return low..<max(min(Int((max(a, b) + reach).rounded(.up)) - start + 1, count), low)
  }
}
