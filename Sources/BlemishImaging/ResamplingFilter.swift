import Foundation

/// How pixels are weighted when a picture is resized. When it shrinks, the filters but `nearest` widen by the
/// same factor, so that every source pixel counts (antialiasing).
public enum ResamplingFilter: String, Sendable, Codable, CaseIterable {
  /// The pixel that lies nearest.
  case nearest
  /// A triangle of radius 1.
  case bilinear
  /// Keys's cubic of radius 2 with a = -0.5.
  case bicubic
  /// A sinc of radius 3 windowed by a wider sinc.
  case lanczos

  /// Half the width of the filter, in source pixels when enlarging.
  var radius: Double {
    switch self {
    case .nearest: 0
    case .bilinear: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The weight at a distance from the centre.
  func weight(at distance: Double) -> Double {
    let x = abs(distance)
    guard x < radius else { return 0 }
    switch self {
    case .nearest: return 0
    case .bilinear: return 1 - x
    case .bicubic: return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2
    case .lanczos: return sinc(x) * sinc(x / 3)
    }
  }

  private func sinc(_ x: Double) -> Double {
    x == 0 ? 1 : sin(.pi * x) / (.pi * x)
  }
}

/// For every position along one side of the target, which source positions count and how much.
struct ResamplingWeights {
  /// The source positions of each target position; their lower bounds never fall.
  let ranges: [Range<Int>]
  /// For each target position, `stride` weights, the first of which belong to its range.
  let weights: [Double]
  let stride: Int

  init(_ filter: ResamplingFilter, from source: Int, to target: Int) {
    let scale = Double(source) / Double(target)
    let widening = max(scale, 1)
    let radius = filter.radius * widening
    var ranges: [Range<Int>] = []
    var lists: [[Double]] = []
    for position in 0..<target {
      let center = (Double(position) + 0.5) * scale
      guard filter != .nearest else {
        let nearest = min(Int(center), source - 1)
        ranges.append(nearest..<nearest + 1)
        lists.append([1])
        continue
      }
      let first = max(Int(center - radius + 0.5), 0)
      let end = min(Int(center + radius + 0.5), source)
      let list = (first..<end).map { filter.weight(at: (Double($0) - center + 0.5) / widening) }
      let sum = list.reduce(0, +)
      ranges.append(first..<end)
      // 22 binary places, as in Pillow: what lies near one half then rounds the same way, and sums of products
      // with samples of 16 bits are exact in Double.
      lists.append(list.map { ($0 / sum * 0x1p22).rounded() / 0x1p22 })
    }
    let stride = lists.map(\.count).max() ?? 1
    self.ranges = ranges
    self.stride = stride
    weights = lists.flatMap { list in
      list + repeatElement(0, count: stride - list.count)
    }
  }
}
