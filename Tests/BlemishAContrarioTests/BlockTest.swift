import Foundation

@testable import BlemishAContrario

/// The a contrario test over square windows (the U-Flow paper's first version).
///
/// In the window around each pixel, the number of channels whose z² reaches the 0.9 quantile of its law is
/// counted, borders reflected, and divided by the number of channels. Its probability is that of a binomial
/// variable of the window's area and 0.1 to exceed it. The scales' log-probabilities are resized bicubically
/// and added.
struct BlockTest: Sendable {
  /// How the tail of the binomial law is taken.
  enum Precision: Sendable {
    /// The sum over the whole numbers above the count.
    case sum
    /// The integral of the density continued to real counts with the gamma function: counts between two whole
    /// numbers are told apart. ("High precision" in the publication.)
    case integral
  }

  /// Rows of the map.
  let height: Int
  /// Columns of the map.
  let width: Int
  /// log10 NFA per pixel, `[height, width]`; the segmentation is where it is below 0.
  let logNFA: [Float]
  /// The log10 of the number of tests, one for each pixel of each scale.
  let logTests: Double
  /// log10 probability per pixel of each scale, `[scale][height, width]` of that scale.
  let logProbabilities: [[Double]]

  /// The test of one picture.
  ///
  /// - Parameters:
  ///   - scales: the exceedances of each scale, finest first: window sides halve from scale to scale.
  ///   - height: rows of the map asked for.
  ///   - width: columns of the map asked for.
  ///   - precision: how the binomial tail is taken.
  init(scales: [ScaleExceedances], height: Int, width: Int, precision: Precision = .sum) throws {
    try checkSize(height: height, width: width)
    let pixels = height * width
    logTests = log10(Double(scales.reduce(0) { $0 + $1.counts.count }))
    var sum = [Float](repeating: Float(logTests), count: pixels)
    var logProbabilities: [[Double]] = []
    for (index, scale) in scales.enumerated() {
      let radius = max(5 >> (index + 1), 1)
      let counts = windowSums(scale.counts, height: scale.height, width: scale.width, radius: radius)
      let law = WindowLaw(trials: (2 * radius + 1) * (2 * radius + 1))
      let logProbability =
        switch precision {
        case .sum: law.logTailSums(of: counts, channels: scale.channels)
        case .integral: law.logTailIntegrals(of: counts, channels: scale.channels)
        }
      let map = Resampling.bicubicAlignedCorners(to: (height, width), from: (scale.height, scale.width))
        .apply(to: logProbability.map { Float($0) })
      for pixel in sum.indices { sum[pixel] += map[pixel] }
      logProbabilities.append(logProbability)
    }
    self.height = height
    self.width = width
    self.logNFA = sum
    self.logProbabilities = logProbabilities
  }
}

/// How many channels of each pixel of a scale have a z² that reaches the 0.9 quantile of its law.
struct ScaleExceedances {
  let channels: Int
  let height: Int
  let width: Int
  /// `[height, width]`.
  let counts: [Int32]

  /// The 0.9 quantile of chi-square with one degree of freedom.
  static let quantile: Float = 2.705543454095404

  /// The exceedances of latent variables `[channels, height, width]`.
  init(latents: [Float], channels: Int, height: Int, width: Int) throws {
    try checkShape(channels: channels, height: height, width: width, count: latents.count)
    let pixels = height * width
    var counts = [Int32](repeating: 0, count: pixels)
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        let z = latents[channel * pixels + pixel]
        if z * z >= Self.quantile { counts[pixel] += 1 }
      }
    }
    self.channels = channels
    self.height = height
    self.width = width
    self.counts = counts
  }
}

/// The sum over the square window around each pixel, the grid continued by reflection in its border pixels.
func windowSums(_ grid: [Int32], height: Int, width: Int, radius: Int) -> [Int] {
  func reflected(_ index: Int, _ count: Int) -> Int {
    guard count > 1 else { return 0 }
    let period = 2 * (count - 1)
    let position = ((index % period) + period) % period
    return min(position, period - position)
  }
  var rowSums = [Int](repeating: 0, count: grid.count)
  var sums = rowSums
  for column in 0..<width {
    for offset in -radius...radius {
      let source = reflected(column + offset, width)
      for row in 0..<height { rowSums[row * width + column] += Int(grid[row * width + source]) }
    }
  }
  for row in 0..<height {
    for offset in -radius...radius {
      let source = reflected(row + offset, height)
      for column in 0..<width { sums[row * width + column] += rowSums[source * width + column] }
    }
  }
  return sums
}

/// The binomial law of a window's count, with probability 0.1, its tails in logarithms.
struct WindowLaw {
  let trials: Int

  /// The natural logarithm of the density, continued to real counts.
  func logDensity(_ count: Double) -> Double {
    let trials = Double(trials)
    return lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
      + count * log(0.1) + (trials - count) * log(0.9)
  }

  /// log10 of the probability to exceed each count divided by `channels`. No count exceeds `trials`; one that
  /// reaches it is taken as one that exceeds the last but one, so that the logarithm is finite.
  func logTailSums(of counts: [Int], channels: Int) -> [Double] {
    var tails = [Double](repeating: 0, count: trials)
    var tail = -Double.infinity
    for count in stride(from: trials, to: 0, by: -1) {
      tail = logSum(tail, logDensity(Double(count)))
      tails[count - 1] = tail / log(10)
    }
    return counts.map { tails[min($0 / channels, trials - 1)] }
  }

  /// log10 of the integral of the density from each count divided by `channels` to `trials`. A count that
  /// reaches the end is taken as half a channel's count short of it, so that the logarithm is finite.
  func logTailIntegrals(of counts: [Int], channels: Int) -> [Double] {
    var tails: [Int: Double] = [:]
    var tail = -Double.infinity
    var upper = Double(trials)
    for count in Set(counts).sorted(by: >) {
      let lower = min(Double(count) / Double(channels), Double(trials) - 0.5 / Double(channels))
      while upper > lower {
        let next = max(lower, upper - 0.5)
        tail = logSum(tail, logIntegral(from: next, to: upper))
        upper = next
      }
      tails[count] = tail / log(10)
    }
    return counts.map { tails[$0] ?? 0 }
  }

  /// The natural logarithm of the density's integral over a short interval, by Gauss-Legendre quadrature.
  private func logIntegral(from lower: Double, to upper: Double) -> Double {
    let rule = [
      (0.1834346424956498, 0.3626837833783620), (0.5255324099163290, 0.3137066458778873),
      (0.7966664774136267, 0.2223810344533745), (0.9602898564975363, 0.1012285362903763),
    ]
    let centre = (lower + upper) / 2
    let half = (upper - lower) / 2
    let peak = logDensity(centre)
    var sum = 0.0
    for (node, weight) in rule {
      for position in [centre - half * node, centre + half * node] {
        sum += weight * exp(logDensity(position) - peak)
      }
    }
    return peak + log(half * sum)
  }
}

/// The logarithm of the sum of two numbers given by their logarithms.
private func logSum(_ a: Double, _ b: Double) -> Double {
  let larger = max(a, b)
  guard larger > -.infinity else { return larger }
  return larger + log1p(exp(min(a, b) - larger))
}
