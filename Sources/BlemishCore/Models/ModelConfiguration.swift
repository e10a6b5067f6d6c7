import BlemishBackbones
import BlemishImaging
import BlemishSupport
import Foundation

/// Everything that a model file says about its model besides tensors.
public struct ModelConfiguration: Sendable, Equatable {
  /// The version of the file's form. Form 2 has a hash over the whole file, and the weighting of the backbone's evidence.
  public static let currentFormat = 2

  /// The version of the file's form.
  public var format = ModelConfiguration.currentFormat
  /// The version of Blemish that wrote it.
  public var blemish = blemishVersion
  /// The detector's name in the catalogue.
  public var detector: String
  /// The detector's own configuration, in JSON.
  public var detectorConfiguration: String
  /// The backbone's name in the catalogue.
  public var backbone: String
  /// SHA-256 over the backbone's tensors; nil for seeded weights.
  public var backboneHash: String?
  /// Where the backbone's weights lay when the model was trained.
  public var backboneFiles: [String]
  /// Whether the backbone's weights are in the model file.
  public var embedsBackbone: Bool
  /// Rows of the pictures that the backbone sees.
  public var height: Int
  /// Columns of the pictures that the backbone sees.
  public var width: Int
  /// The side of the overlapping tiles that pictures are seen in; nil where they are seen whole.
  public var tile: Int?
  /// How pictures are resized.
  public var filter: ResamplingFilter
  /// The samples that are black and white, for TIFF files of floating-point, signed or 32-bit numbers; nil where the
  /// model was made for others.
  public var sampleRange: ClosedRange<Double>?
  /// Outside it nothing was learnt from, nor is judged; nil where all of a picture matters.
  public var regionOfInterest: RegionOfInterest?
  /// How the backbone's convolutions continue the picture.
  public var padding: Padding
  /// Rows of the maps that are evaluated.
  public var mapHeight: Int
  /// Columns of the maps that are evaluated.
  public var mapWidth: Int
  /// The backbone's feature maps, of a tile where there are tiles, finest first.
  public var features: [FeatureShape]
  /// How the backbone's evidence counts beside the detector's.
  public var evidence = Evidence.Weighting()
  /// The part of the anomaly map whose highest values' mean is a picture's score; nil for the detector's own score.
  public var scoreShare: Double?
  /// What the a contrario test has learnt from good pictures; nil for a model that knows the published test only.
  public var background: LearntBackground?
  /// What the test had learnt before it last learnt anew; nil where it did not.
  public var formerBackground: LearntBackground?
  /// At which limits the model decides where it is told no others; nil for log NFA = 0, as imported models and files of
  /// before there was a point.
  public var operatingPoint: OperatingPoint?
  /// What the pictures that it was trained on are like as a whole; nil where nobody knows.
  public var trainingTraits: TrainingTraits?
  /// The most pixels that a picture may have to be decoded. It is the caller's choice, and not in the file.
  public var maximumPixels = Picture.maximumPixelCount
  /// The file that the model was read from; nil for one that was just made. It is not in the file.
  public internal(set) var file: ModelIdentity?
  /// How the model was trained, as the module that trained it tells it; nil for a model that was imported.
  package var training: JSONValue?

  /// Whether the model's training came to its end; true for a model that was imported.
  public var isFinished: Bool { training?["finished"] != .bool(false) }

  package init(
    detector: String, detectorConfiguration: String, backbone: String, backboneHash: String?,
    backboneFiles: [String], embedsBackbone: Bool, height: Int, width: Int, tile: Int?,
    filter: ResamplingFilter, padding: Padding, mapHeight: Int, mapWidth: Int, features: [FeatureShape]
  ) {
    self.detector = detector
    self.detectorConfiguration = detectorConfiguration
    self.backbone = backbone
    self.backboneHash = backboneHash
    self.backboneFiles = backboneFiles
    self.embedsBackbone = embedsBackbone
    self.height = height
    self.width = width
    self.tile = tile
    self.filter = filter
    self.padding = padding
    self.mapHeight = mapHeight
    self.mapWidth = mapWidth
    self.features = features
  }
}

extension ModelConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case format, blemish, detector, detectorConfiguration, backbone, backboneHash, backboneFiles,
      embedsBackbone
    case height, width, tile, filter, padding, mapHeight, mapWidth, features, evidence, background, training
    case formerBackground, operatingPoint, trainingTraits, sampleRange, scoreShare, regionOfInterest
  }

  /// Reads what a model file of this or an earlier form says.
  /// - Throws: ``ModelFileError/Problem`` for a form that this version does not know, or a damaged calibration; else
  ///   `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    format = try values.decode(Int.self, forKey: .format)
    guard (1...Self.currentFormat).contains(format) else { throw ModelFileError.Problem.format(format) }
    blemish = try values.decode(String.self, forKey: .blemish)
    detector = try values.decode(String.self, forKey: .detector)
    detectorConfiguration = try values.decode(String.self, forKey: .detectorConfiguration)
    backbone = try values.decode(String.self, forKey: .backbone)
    backboneHash = try values.decodeIfPresent(String.self, forKey: .backboneHash)
    backboneFiles = try values.decode([String].self, forKey: .backboneFiles)
    embedsBackbone = try values.decode(Bool.self, forKey: .embedsBackbone)
    height = try values.decode(Int.self, forKey: .height)
    width = try values.decode(Int.self, forKey: .width)
    tile = try values.decodeIfPresent(Int.self, forKey: .tile)
    filter = try values.decode(ResamplingFilter.self, forKey: .filter)
    sampleRange = try values.decodeIfPresent(ClosedRange<Double>.self, forKey: .sampleRange)
    regionOfInterest = try values.decodeIfPresent(RegionOfInterest.self, forKey: .regionOfInterest)
    padding = try values.decode(Padding.self, forKey: .padding)
    mapHeight = try values.decode(Int.self, forKey: .mapHeight)
    mapWidth = try values.decode(Int.self, forKey: .mapWidth)
    features = try values.decode([FeatureShape].self, forKey: .features)
    training = try values.decodeIfPresent(JSONValue.self, forKey: .training)
    // Form 1 knew no other weighting than the standard one.
    evidence = try values.decodeIfPresent(Evidence.Weighting.self, forKey: .evidence) ?? Evidence.Weighting()
    operatingPoint = try values.decodeIfPresent(OperatingPoint.self, forKey: .operatingPoint)
    trainingTraits = try values.decodeIfPresent(TrainingTraits.self, forKey: .trainingTraits)
    scoreShare = try values.decodeIfPresent(Double.self, forKey: .scoreShare)
    if let scoreShare, !(0...1).contains(scoreShare) {
      throw DecodingError.dataCorruptedError(
        forKey: .scoreShare, in: values, debugDescription: "a part must be from 0 to 1")
    }
    // It decides nothing: where it is damaged, it cannot be gone back to.
    formerBackground = try? values.decodeIfPresent(LearntBackground.self, forKey: .formerBackground)
    do {
      background = try values.decodeIfPresent(LearntBackground.self, forKey: .background)
    } catch {
      let problem = (error as? DecodingError)?.summary ?? "\(error)"
      guard let note = decoder.userInfo[.damagedBackground] as? DamageNote else {
        throw ModelFileError.Problem.calibration(problem)
      }
      note.text = problem
    }
  }
}

/// Which model has judged.
public struct ModelIdentity: Sendable, Codable, Equatable {
  /// The file's name, without folder and extension.
  public var name: String
  /// The SHA-256 that the file has over its content; nil for files of form 1, which have none.
  public var sha256: String?
}

/// What was wrong with a learnt background that was left out.
final class DamageNote: @unchecked Sendable {
  var text: String?
}

extension CodingUserInfoKey {
  /// A ``DamageNote``: what is wrong with a learnt background is noted there, and the rest is read.
  static let damagedBackground = CodingUserInfoKey(rawValue: "damagedBackground")!
}
