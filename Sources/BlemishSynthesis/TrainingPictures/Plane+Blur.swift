import Foundation

extension Plane {
  /// The field blurred by a Gaussian, mirrored beyond its borders.
  func blurred(_ deviation: Float) -> Plane {
    guard deviation > 0.05 else { return self }
    let kernel = Self.gaussian(deviation)
    return convolvedRows(kernel).transposed.convolvedRows(kernel).transposed
  }

  /// The field blurred along its rows alone.
  func blurredRows(_ deviation: Float) -> Plane {
    deviation > 0.05 ? convolvedRows(Self.gaussian(deviation)) : self
  }

  private static func gaussian(_ deviation: Float) -> [Float] {
    let radius = max(Int((deviation * 2.7).rounded(.up)), 1)
    let weights = (-radius...radius).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  private func convolvedRows(_ kernel: [Float]) -> Plane {
    let radius = kernel.count / 2
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: width + 2 * radius) { padded in
      values.withUnsafeBufferPointer { values in
        Plane(width: width, height: height) { y, row in
          let start = values.baseAddress! + y * width
          for x in -radius..<width + radius { padded[x + radius] = start[mirrored(x, width)] }
          for x in 0..<width { row[x] = 0 }
          for (tap, weight) in kernel.enumerated() {
            let shifted = padded.baseAddress! + tap
            for x in 0..<width { row[x] += weight * shifted[x] }
          }
        }
      }
    }
  }
}

/// The place in 0..<count that a place beyond the borders mirrors.
@inline(__always)
func mirrored(_ place: Int, _ count: Int) -> Int {
  if place >= 0 && place < count { return place }
  let period = 2 * count
  let rest = ((place % period) + period) % period
  return rest < count ? rest : period - 1 - rest
}
