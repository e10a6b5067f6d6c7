import AContrario
import Foundation
import Imaging
import Torch

/// What a model says of one picture.
public struct Inspection: Sendable {
  /// The picture's path.
  public var path: String
  /// The picture's own width in pixels.
  public var width: Int
  /// The picture's own height in pixels.
  public var height: Int
  /// How anomalous the detector holds the picture; larger is more.
  public var score: Double
  /// Where, at the size at which maps are evaluated; larger is more anomalous.
  public var anomalyMap: ScoreMap
  /// Where, by the map that the picture is judged by; nil where that is ``anomalyMap`` too.
  public var detectionMap: ScoreMap?
  /// log10 of the number of false alarms per good picture that is accepted: where log NFA is below, a region is
  /// significant.
  public var limit: Double
  /// log10 NFA per pixel at the size at which maps are evaluated; the segmentation is where it is below ``limit``.
  public let logNFAMap: ScoreMap
  private let test: any TestedPicture

  init(
    picture: PreparedPicture, score: Double, anomalyMap: ScoreMap, detectionMap: ScoreMap?,
    scales: [LatentScale], options: InspectionOptions, calibration: CalibratedTest?
  ) throws {
    path = picture.path
    width = picture.width
    height = picture.height
    self.score = score
    self.anomalyMap = anomalyMap
    self.detectionMap = detectionMap
    limit = log10(options.falseAlarms)
    let (height, width) = (anomalyMap.height, anomalyMap.width)
    if let calibration {
      test = try CalibratedRegions(scales: scales, test: calibration)
    } else {
      test = try NumberOfFalseAlarms(scales: scales, height: height, width: width)
    }
    logNFAMap = ScoreMap(width: width, height: height, values: try test.logNFA(height: height, width: width))
  }

  /// log10 of the number of false alarms of the most significant region: how many regions like it are expected
  /// in a picture of a good part.
  public var logNFA: Double { test.mostSignificantLogNFA }

  /// log10 NFA of every region of the test, significant or not.
  public var regionLogNFAs: [Double] { test.regionLogNFAs }

  /// Whether there is a region of which fewer are expected in a picture of a good part than are accepted.
  public var isAnomalous: Bool { test.isSignificant(below: limit) }

  /// log10 NFA per pixel at the picture's own size.
  /// - Throws: `AContrarioError` where the picture's size is none.
  public func logNFAMapOfPicture() throws -> ScoreMap {
    ScoreMap(width: width, height: height, values: try test.logNFA(height: height, width: width))
  }

  /// The pixels that belong to significant regions: log NFA below ``limit``. A significant region so small
  /// that it is lost between the map's pixels is marked by that of its peak.
  /// - Parameter logNFAMap: ``logNFAMap``, or ``logNFAMapOfPicture()``.
  public func mask(of logNFAMap: ScoreMap) -> Mask {
    let (width, height) = (logNFAMap.width, logNFAMap.height)
    return Mask(
      width: width, height: height,
      pixels: test.segmentation(below: limit, of: logNFAMap.values, height: height, width: width))
  }
}

/// Which a contrario test decides, and how strictly.
public struct InspectionOptions: Sendable, Codable, Equatable {
  /// The tests there are.
  public enum Test: String, Sendable, Codable, CaseIterable {
    /// The one whose background was learnt from good pictures; the published one for a model without.
    case calibrated
    /// The one for latents that are independent and standard normal, which counts all polyominoes.
    case published
  }

  /// Which test decides.
  public var test: Test
  /// How many false alarms per good picture are accepted on average.
  public var falseAlarms: Double

  /// The calibrated test with one accepted false alarm per good picture.
  public init(test: Test = .calibrated, falseAlarms: Double = 1) {
    self.test = test
    self.falseAlarms = falseAlarms
  }

  /// The options with the test that decides indeed: a model without a learnt background has but the published
  /// one.
  public func resolved(for configuration: ModelConfiguration) -> InspectionOptions {
    InspectionOptions(
      test: configuration.background == nil ? .published : test, falseAlarms: falseAlarms)
  }
}

/// A connected region that is significant, in the pixels of the map that it was found in.
public struct FoundRegion: Sendable, Codable, Equatable {
  /// The column of its leftmost pixel.
  public var x: Int
  /// The row of its uppermost pixel.
  public var y: Int
  /// Columns of its bounding box.
  public var width: Int
  /// Rows of its bounding box.
  public var height: Int
  /// Pixels.
  public var area: Int
  /// The mean column of its pixels.
  public var centroidX: Double
  /// The mean row of its pixels.
  public var centroidY: Double
  /// log10 NFA of its most significant pixel.
  public var logNFA: Double
}

extension Inspection {
  /// The connected regions of a mask, the most significant first.
  public func regions(of mask: Mask, in logNFAMap: ScoreMap) -> [FoundRegion] {
    let components = mask.connectedComponents
    // Labels count from 1; 0 is what belongs to no region.
    var least = [Double](repeating: .infinity, count: components.regions.count + 1)
    for (pixel, label) in components.labels.enumerated() where label > 0 {
      least[Int(label)] = min(least[Int(label)], Double(logNFAMap.values[pixel]))
    }
    // Where a region is lost between the map's pixels, the map does not have its number.
    for peak in test.peaks(height: logNFAMap.height, width: logNFAMap.width) {
      let label = Int(components.labels[peak.pixel])
      if label > 0 { least[label] = min(least[label], peak.logNFA) }
    }
    return components.regions.map { region in
      let centroid = region.centroid
      return FoundRegion(
        x: region.columns.lowerBound, y: region.rows.lowerBound, width: region.columns.count,
        height: region.rows.count, area: region.area, centroidX: centroid.x, centroidY: centroid.y,
        logNFA: least[Int(region.label)])
    }.sorted { ($0.logNFA, -$0.area) < ($1.logNFA, -$1.area) }
  }
}

extension Model {
  /// Inspects prepared pictures, as one batch.
  /// - Throws: ``TorchError`` where an operator fails, for instance for want of memory.
  public func inspect(
    _ pictures: [PreparedPicture], options: InspectionOptions = InspectionOptions()
  ) throws -> [Inspection] {
    guard !pictures.isEmpty else { return [] }
    let (height, width) = (configuration.mapHeight, configuration.mapWidth)
    let options = options.resolved(for: configuration)
    let calibration = options.test == .calibrated ? configuration.background?.test : nil
    let found = try withTorchErrors {
      withoutGradient {
        let sight = see(Tensor(pictures))
        let maps = sight.maps(of: detector, height: height, width: width)
        // The published test is about the flow's latents alone.
        return (
          energies: BatchEnergies(calibration == nil ? sight.z : sight.weighed),
          localization: maps.localization.floats, detection: maps.detection?.floats,
          scores: maps.imageScore.floats
        )
      }
    }
    let pixels = height * width
    return try concurrentMap(Array(pictures.indices)) { index in
      Result {
        func map(_ values: [Float]) -> ScoreMap {
          ScoreMap(
            width: width, height: height, values: Array(values[(index * pixels)..<((index + 1) * pixels)]))
        }
        return try Inspection(
          picture: pictures[index], score: Double(found.scores[index]), anomalyMap: map(found.localization),
          detectionMap: found.detection.map(map), scales: try found.energies.picture(index), options: options,
          calibration: calibration)
      }
    }.map { try $0.get() }
  }
}
