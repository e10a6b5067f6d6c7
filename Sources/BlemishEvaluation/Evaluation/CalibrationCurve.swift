import BlemishMeasures
import Foundation

/// False alarms in good pictures against what the a contrario test promises: at most 10^L regions with log NFA
/// below L are expected per good picture, for every L.
public struct CalibrationCurve: Sendable, Codable, Equatable {
  /// What was counted at one promised level.
  public struct Level: Sendable, Codable, Equatable {
    /// log10 of the promised number of false alarms per good picture.
    public var logNFA: Double
    /// Regions, of all scales where the test looks at each by itself, that are more significant than that.
    public var regions = 0
    /// Good pictures with at least one.
    public var picturesWithRegions = 0

    private enum CodingKeys: String, CodingKey {
      case regions
      case logNFA = "log_nfa"
      case picturesWithRegions = "pictures_with_regions"
    }
  }

  /// Good pictures that were counted.
  public private(set) var pictures = 0
  /// The levels, from the weakest promise to the strongest.
  public private(set) var levels: [Level]

  /// A count with nothing in it, at levels from log NFA = 1 to -4.
  public init() { levels = stride(from: 1, through: -4, by: -0.5).map { Level(logNFA: $0) } }

  /// Reads what was counted.
  /// - Throws: `DecodingError` where nobody can have counted so many.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    pictures = try values.decode(Int.self, forKey: .pictures)
    levels = try values.decode([Level].self, forKey: .levels)
    let counts = [pictures] + levels.flatMap { [$0.regions, $0.picturesWithRegions] }
    guard counts.allSatisfy((0...10_000_000).contains) else {
      throw DecodingError.dataCorruptedError(
        forKey: .levels, in: values, debugDescription: "counts must be from 0 to ten million")
    }
  }

  private enum CodingKeys: String, CodingKey { case pictures, levels }

  /// Counts a good picture by log10 NFA of its tree's regions.
  public mutating func add(_ regionLogNFAs: [Double]) {
    pictures += 1
    for place in levels.indices {
      let regions = regionLogNFAs.count { $0 < levels[place].logNFA }
      levels[place].regions += regions
      levels[place].picturesWithRegions += regions > 0 ? 1 : 0
    }
  }

  /// Adds what was counted in other good pictures.
  public mutating func add(_ other: CalibrationCurve) {
    guard other.levels.map(\.logNFA) == levels.map(\.logNFA) else { return }
    pictures += other.pictures
    for place in levels.indices {
      levels[place].regions += other.levels[place].regions
      levels[place].picturesWithRegions += other.levels[place].picturesWithRegions
    }
  }

  /// Regions per good picture, with the 95% interval for independent regions; nil without pictures.
  public func regionsPerPicture(_ level: Level) -> (value: Double, interval: ClosedRange<Double>)? {
    guard pictures > 0 else { return nil }
    let interval = CountInterval.poisson(level.regions)
    let count = Double(pictures)
    return (Double(level.regions) / count, interval.lowerBound / count...interval.upperBound / count)
  }

  /// The share of good pictures with a region, with its 95% interval; nil without pictures. It is promised to be
  /// at most 10^L, too.
  public func shareOfPictures(_ level: Level) -> (value: Double, interval: ClosedRange<Double>)? {
    guard pictures > 0 else { return nil }
    return (
      Double(level.picturesWithRegions) / Double(pictures),
      CountInterval.binomial(level.picturesWithRegions, of: pictures)
    )
  }
}
