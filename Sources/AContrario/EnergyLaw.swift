import Foundation

/// The law of a scale's energies on pictures of good parts, as measured: what replaces "chi-square with as many
/// degrees of freedom as channels, independent from pixel to pixel", which trained flows do not deliver on
/// pictures that they have not seen.
public struct EnergyLaw: Sendable, Codable, Equatable {
  /// The mean energy.
  public var mean: Double
  /// The degrees of freedom of the multiple of a chi-square that has the energies' mean and variance
  /// (Satterthwaite, 1946).
  public var degreesOfFreedom: Double
  /// How many pixels count as one independent pixel: the sum of the autocorrelation over all shifts.
  public var correlationArea: Double

  /// The farthest shift at which the correlation is measured, in pixels of the scale.
  private static let reach = 6

  /// The law of the energies of one scale of several pictures.
  /// - Throws: ``AContrarioError`` when there is no picture.
  public init(_ scales: [LatentScale]) throws(AContrarioError) {
    guard !scales.isEmpty else { throw .noScales }
    var count = 0.0
    var sum = 0.0
    var squares = 0.0
    for scale in scales {
      for energy in scale.energy {
        sum += Double(energy)
        squares += Double(energy) * Double(energy)
      }
      count += Double(scale.energy.count)
    }
    mean = max(sum / count, .leastNormalMagnitude)
    let variance = squares / count - mean * mean
    let channels = Double(scales[0].channels)
    degreesOfFreedom = variance > 0 ? min(2 * mean * mean / variance, channels) : channels
    correlationArea = Self.correlationArea(scales, mean: mean, variance: variance)
  }

  private static func correlationArea(_ scales: [LatentScale], mean: Double, variance: Double) -> Double {
    guard variance > 0 else { return 1 }
    var area = 1.0
    // Shifts by (0, x > 0) and (y > 0, any x): the others are their mirror images.
    for dy in 0...reach {
      for dx in (dy == 0 ? 1 : -reach)...reach {
        var sum = 0.0
        var pairs = 0
        for scale in scales where dy < scale.height && abs(dx) < scale.width {
          let columns = max(0, -dx)..<min(scale.width, scale.width - dx)
          for y in 0..<(scale.height - dy) {
            let row = y * scale.width
            let other = (y + dy) * scale.width + dx
            for x in columns {
              sum += (Double(scale.energy[row + x]) - mean) * (Double(scale.energy[other + x]) - mean)
            }
          }
          pairs += columns.count * (scale.height - dy)
        }
        guard pairs > 0 else { continue }
        area += 2 * max(sum / Double(pairs) / variance, 0)
      }
    }
    return area
  }

  /// log10 of the Chernoff bound of the probability that a pixel reaches an energy.
  func logTail(_ energy: Double) -> Double {
    let ratio = energy / mean
    guard ratio > 1 else { return 0 }
    return -0.5 * degreesOfFreedom * (ratio - 1 - log(ratio)) / log(10)
  }

  /// How surprising a region is whose lowest energy and area are given, on a scale that only
  /// ``ExceedanceLaw`` makes a probability of: minus log10 of the tail to the power of the number of independent
  /// pixels, less log10 of the growth of the number of shapes with each of them (Jensen and Guttmann, 2000, as
  /// the published number of tests has it).
  public func surprise(energy: Float, area: Int) -> Double {
    let independent = 1 + Double(area - 1) / correlationArea
    return independent * (-logTail(Double(energy)) - log10(4.062570))
  }

  /// The regions of a scale that are more surprising than what they contain and what contains them, with minus
  /// the surprise as their log-probability.
  func regions(_ scale: LatentScale) -> Regions {
    MaxTree(scale).regions { -surprise(energy: $0.level, area: $0.area) }
  }
}
