import Foundation

/// At how many false alarms per good picture a picture is stopped, and at how many somebody is to look at it.
///
/// A region whose number of false alarms (NFA) is below a limit is significant at it. Of a picture of a good part fewer
/// than so many significant regions are expected, and so at most that share of good pictures has one.
public struct OperatingPoint: Sendable, Codable, Equatable {
  /// The accepted number of false alarms per good picture: with a region below, a picture is anomalous.
  public let falseAlarms: Double
  /// The more generous limit: with a region below, a picture is to be reviewed. At least ``falseAlarms``.
  public let review: Double

  /// A point for production: at most one good part in twenty is stopped, one in two is looked at.
  public static let production = OperatingPoint(falseAlarms: 0.05, review: 0.5)

  /// The papers' point: a region counts where log NFA < 0.
  public static let logNFA0 = OperatingPoint(falseAlarms: 1)

  /// A point with its two limits.
  /// - Parameters:
  ///   - falseAlarms: greater than 0.
  ///   - review: what is below `falseAlarms` counts as that; nil leaves nothing to be reviewed.
  public init(falseAlarms: Double, review: Double? = nil) {
    self.falseAlarms = falseAlarms
    self.review = max(review ?? falseAlarms, falseAlarms)
  }

  /// log10 of the accepted number of false alarms.
  public var limit: Double { log10(falseAlarms) }

  /// log10 of the limit below which a picture is to be reviewed.
  public var reviewLimit: Double { log10(review) }

  /// What is said of a region, or of a picture by its most significant region.
  /// - Parameter logNFA: its log10 NFA.
  public func verdict(logNFA: Double) -> Verdict {
    logNFA < limit ? .anomalous : logNFA < reviewLimit ? .review : .good
  }

  private enum CodingKeys: String, CodingKey {
    case review
    case falseAlarms = "false_alarms"
  }

  /// Reads a point.
  /// - Throws: `DecodingError` where the numbers can be no limits.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    falseAlarms = try values.decode(Double.self, forKey: .falseAlarms)
    review = try values.decode(Double.self, forKey: .review)
    guard falseAlarms > 0, review >= falseAlarms, review.isFinite else {
      throw DecodingError.dataCorruptedError(
        forKey: .falseAlarms, in: values,
        debugDescription: "the limits \(falseAlarms) and \(review) must be positive and ascend")
    }
  }
}

/// What is said of a picture, or of one of its regions.
public enum Verdict: String, Sendable, Codable, CaseIterable, Comparable {
  /// Nothing is significant.
  case good
  /// Something is significant at the generous limit only: somebody is to look.
  case review
  /// Something is significant.
  case anomalous
  /// The picture is unlike those that the model was trained on, so that nothing else can be relied on.
  case unlike

  /// From good to unlike.
  public static func < (first: Verdict, second: Verdict) -> Bool { first.severity < second.severity }

  private var severity: Int {
    switch self {
    case .good: 0
    case .review: 1
    case .anomalous: 2
    case .unlike: 3
    }
  }
}
