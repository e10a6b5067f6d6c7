import BlemishBackbones
import BlemishImaging
import BlemishTorch

/// What turns a backbone's features into evidence of a defect.
///
/// Judging needs no more than this protocol. How a detector is fitted to good pictures is another one:
/// ``GradientFitted`` or ``OnePassFitted``. Whether it reads and writes checkpoints of its published code is a third:
/// ``ExchangesCheckpoints``. A detector is a value that never changes once it is made, and may be used by several
/// threads at a time.
public protocol Detector: Sendable, SendableMetatype {
  /// What distinguishes one model of the detector from another. It travels in the model file.
  associatedtype Configuration: Codable & Sendable & Equatable

  /// The name that commands and model files use.
  static var name: String { get }
  /// How pictures are brought to the backbone.
  static var preparation: Preparation { get }
  /// The published configuration for these features.
  static func standard(for features: FeatureDescription) -> Configuration

  /// What ``prepared(_:)`` does, in a word. Features on disk are told apart by it: detectors with equal identities
  /// must prepare features in the same way.
  static var featureIdentity: String { get }
  /// The shapes that ``prepared(_:)`` gives, of feature maps of these shapes.
  static func preparedShapes(of features: [FeatureShape]) -> [FeatureShape]
  /// The grids of the response to feature maps of these shapes, finest scale first.
  static func responseShapes(of features: [FeatureShape]) -> [FeatureShape]
  /// That part of the work on feature maps `[batch, channels, height, width]`, finest scale first, which no fit
  /// changes. It is done once for every picture, and its result is kept.
  static func prepared(_ features: [Tensor]) -> [Tensor]

  /// The detector whose tensors lie at a path.
  /// - Parameter features: the shapes of the backbone's feature maps, finest scale first.
  /// - Throws: `ParameterError`, and ``DetectorError`` where features and configuration do not fit together.
  init(_ path: ParameterPath, features: FeatureDescription, configuration: Configuration) throws

  /// What the detector makes of prepared features.
  func response(to prepared: [Tensor]) -> Response
  /// Anomaly maps and scores of every picture of a batch, of the response at all scales.
  /// - Parameters:
  ///   - height: rows of the maps.
  ///   - width: columns of the maps.
  func maps(of response: Response, height: Int, width: Int) -> Maps
  /// Whether the response is standard normal and independent by construction, as the published a contrario test
  /// supposes.
  static var responseIsStandardNormal: Bool { get }

  /// Whether it is the detector to take on this backbone where a user names none. Where no detector says so, it is the
  /// catalogue's first.
  static func isPreferred(on backbone: BackboneDescription) -> Bool

  /// The backbones, with the side of square pictures, on which the detector's speed is measured.
  static var benchmarks: [(backbone: String, size: Int)] { get }
  /// What was published of the detector.
  static var publishedFigures: [PublishedFigures] { get }
}

extension Detector {
  /// The features as they are.
  public static var featureIdentity: String { "plain" }
  /// The same shapes.
  public static func preparedShapes(of features: [FeatureShape]) -> [FeatureShape] { features }
  /// Those of the prepared features.
  public static func responseShapes(of features: [FeatureShape]) -> [FeatureShape] {
    preparedShapes(of: features)
  }
  /// The features as they are.
  public static func prepared(_ features: [Tensor]) -> [Tensor] { features }
  /// Nothing is known of it.
  public static var responseIsStandardNormal: Bool { false }
  /// On none.
  public static func isPreferred(on backbone: BackboneDescription) -> Bool { false }
  /// The embedded backbone.
  public static var benchmarks: [(backbone: String, size: Int)] { [("embedded", 256)] }
  /// Nothing.
  public static var publishedFigures: [PublishedFigures] { [] }
}

/// How pictures are brought to a detector's backbone.
public struct Preparation: Sendable {
  /// The side of square pictures where the backbone does not say better; nil for the backbone's.
  public var size: Int?
  /// How pictures are resized.
  public var filter: ResamplingFilter
  /// How the backbone's convolutions continue the picture.
  public var padding: Padding
  /// The shorter side of the maps that are evaluated; nil for the picture's own size at the backbone.
  public var mapSide: Int?

  /// A way to bring pictures to a backbone.
  public init(
    size: Int? = nil, filter: ResamplingFilter = .bilinear, padding: Padding = .zeros, mapSide: Int? = nil
  ) {
    self.size = size
    self.filter = filter
    self.padding = padding
    self.mapSide = mapSide
  }
}

/// What a detector says of a batch of pictures; larger is more anomalous.
public struct Maps {
  /// Where, `[batch, height, width]`: the map that pixels are judged by.
  public var localization: Tensor
  /// The map that pictures are judged by and whose overlap with regions is measured (PRO), `[batch, height, width]`;
  /// nil where that is ``localization`` too.
  public var detection: Tensor?
  /// How anomalous each picture is, `[batch]`.
  public var imageScore: Tensor

  /// Maps and scores.
  public init(localization: Tensor, detection: Tensor? = nil, imageScore: Tensor) {
    self.localization = localization
    self.detection = detection
    self.imageScore = imageScore
  }
}
