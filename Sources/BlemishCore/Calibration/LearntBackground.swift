import BlemishAContrario
import Foundation

/// What the a contrario test of a model has learnt.
public struct LearntBackground: Sendable, Codable, Equatable {
  /// The test.
  public var test: CalibratedTest
  /// Where the good pictures came from that it was learnt from.
  public var source: Source

  /// A test that was learnt.
  public init(test: CalibratedTest, source: Source) {
    self.test = test
    self.source = source
  }

  /// What is learnt from the energies of good pictures, `[picture][scale]`.
  /// - Throws: `AContrarioError` where nothing can be learnt from them.
  package init(learningFrom energies: [[ScaleEnergies]], source: Source) throws {
    self.init(test: try CalibratedTest(pictures: energies), source: source)
  }

  /// Where the good pictures come from.
  public enum Source: String, Sendable, Codable {
    /// Good pictures that the flow was not trained on.
    case heldOut = "held out"
    /// The training pictures, for want of others: promises are then too optimistic.
    case training
    /// Pictures that a user gave later.
    case recalibrated
  }

  /// The smallest number of false alarms per good picture that is counted; what is promised below is read off
  /// a tail that is fitted to the highest regions.
  public var countedDownTo: Double { pow(10, test.lowestCountedLogRate) }

  /// The number of false alarms per good picture below which promises are extrapolated beyond every region
  /// seen.
  public var fittedDownTo: Double { pow(10, test.lowestFittedLogRate) }

  /// What its promises rest on, in words.
  public var summary: String {
    "calibrated on \(test.pictures) good pictures (\(source.rawValue)): promises are counted down to "
      + "\(String(format: "%.2g", countedDownTo)) false alarms per good picture, fitted to the highest regions "
      + "down to \(String(format: "%.2g", fittedDownTo)), and extrapolated below"
  }

  /// What is promised of the share of good pictures that are stopped, in words; nil where the pictures' heights were
  /// not kept.
  public func promise(at point: OperatingPoint) -> String? {
    guard let stopped = test.picturesStopped(below: point.limit), source != .training else { return nil }
    let certified = Double(stopped + 1) / Double(test.pictures + 1)
    return
      "at \(point.falseAlarms) false alarms per good picture, at most \(Self.percent(point.falseAlarms)) of good pictures "
      + "are to be stopped; of the \(test.pictures) calibration pictures \(stopped) would be, which alone certifies at "
      + "most \(Self.percent(certified)) for good pictures like these"
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.3g%%", min(share, 1) * 100)
  }

  /// Why a promise of so many false alarms per good picture is not to be relied on; nil where it is.
  public func caution(falseAlarms: Double) -> String? {
    if source == .training {
      return "the promise was calibrated on the training pictures, for want of others: expect more false "
        + "alarms; calibrating on fresh good pictures helps"
    }
    guard falseAlarms < fittedDownTo else { return nil }
    return "the promise of \(falseAlarms) false alarms per good picture is extrapolated: \(test.pictures) "
      + "good pictures reach down to \(String(format: "%.2g", fittedDownTo)); calibrating on more reaches further"
  }

  /// What can be relied on; nil where it was learnt from pictures enough that ``caution(falseAlarms:)`` says it all.
  public var fewPicturesCaution: String? {
    test.pictures < Self.comfortablePictures ? Self.smallNumberCaution(pictures: test.pictures) : nil
  }

  /// Below so many good pictures of different content, what may be promised is said.
  package static let comfortablePictures = 10

  /// What can be relied on where few pictures were learnt from.
  package static func smallNumberCaution(pictures: Int) -> String {
    "only \(pictures) good pictures are there to calibrate on: no promise below "
      + "\(String(format: "%.2g", 1 / Double(max(pictures, 1)))) false alarms per good picture can be relied on; "
      + "calibrating on more good pictures helps"
  }
}
