import BlemishCore
import BlemishTorch

/// PaDiM (Defard et al., ICPR 2021; arXiv 2011.08785): a Gaussian of the features of good pictures at every place, and how
/// far from it a picture's features lie.
///
/// The features are those of a backbone's first three scales, the coarser ones resized to the finest, and of their
/// channels a random choice (section III-A). Where parts lie anyhow, one Gaussian for all places is better: it is offered, and is the
/// only one where pictures are seen in tiles.
public struct PaDiM: OnePassFitted {
  /// The sizes of a PaDiM.
  public struct Configuration: Sendable, Codable, Equatable {
    /// How many of the features' channels are used.
    public var channels: Int
    /// Whether every place has its own Gaussian; else there is one for all.
    public var perPlace: Bool
    /// What is added to every variance: epsilon in the paper.
    ///
    /// The published number is for features whose variance is between a hundredth and a hundred, as that of all
    /// backbones here is. Where their mean variance is smaller, that is added; where a ten-thousandth of it is larger, that is.
    public var regularisation: Double
    /// The standard deviation of the blur over the map, in pixels of the map.
    public var blur: Double

    /// Sizes; all but the first are the published ones.
    public init(channels: Int, perPlace: Bool = true, regularisation: Double = 0.01, blur: Double = 4) {
      self.channels = channels
      self.perPlace = perPlace
      self.regularisation = regularisation
      self.blur = blur
    }
  }

  private let gaussians: PlaceGaussians
  /// The channels that are used, of each scale.
  private let chosen: [Tensor]
  private let configuration: Configuration

  /// The name that commands and model files use.
  public static let name = "padim"
  /// Bilinear resizing; maps at the pictures' size.
  public static let preparation = Preparation()
  /// The matrices of all places take so many bytes at most, in the model and in its file; while they are fitted it is
  /// three times as much.
  public static let mostBytes = 256 << 20

  /// The published number of channels, 100 of resnet18's 448 and 550 of wide_resnet50_2's 1792, and 100 at most of other
  /// features; fewer where ``mostBytes`` does not allow so many. One Gaussian a place, unless pictures are seen in tiles.
  public static func standard(for features: FeatureDescription) -> Configuration {
    let total = used(features.shapes).reduce(0) { $0 + $1.channels }
    let published = total == 1792 ? 550 : min(total, 100)
    let perPlace = !features.areOfTiles
    return Configuration(
      channels: max(min(published, mostChannels(places: perPlace ? places(features.shapes) : 1)), 1),
      perPlace: perPlace)
  }

  /// Gaussians whose tensors lie at a path.
  /// - Throws: `ParameterError`, and `DetectorError` where features and configuration do not fit together.
  public init(_ path: ParameterPath, features: FeatureDescription, configuration: Configuration) throws {
    try configuration.check(for: features)
    let used = Self.used(features.shapes)
    let order = try path.permutation("channels", used.reduce(0) { $0 + $1.channels })
    chosen = Self.chosen(order, configuration.channels, of: used).map {
      Tensor($0, shape: [$0.count]).to(device: path.device)
    }
    gaussians = try PlaceGaussians(
      path, places: configuration.perPlace ? Self.places(features.shapes) : 1,
      channels: configuration.channels)
    self.configuration = configuration
  }

  // MARK: Embedding extraction (section III-A)

  /// The finest three scales.
  static func used<Scale>(_ scales: [Scale]) -> [Scale] { Array(scales.prefix(3)) }

  /// The places of the finest scale.
  static func places(_ shapes: [FeatureShape]) -> Int { shapes.first.map { $0.height * $0.width } ?? 0 }

  /// So many channels can the Gaussians of so many places have.
  static func mostChannels(places: Int) -> Int {
    Int((Double(mostBytes) / 4 / Double(max(places, 1))).squareRoot())
  }

  /// A distance a place of the finest scale.
  public static func responseShapes(of features: [FeatureShape]) -> [FeatureShape] {
    features.prefix(1).map { FeatureShape(channels: 1, height: $0.height, width: $0.width) }
  }

  /// The first channels of an order of all, as indices within each scale.
  static func chosen(_ order: [Int], _ count: Int, of shapes: [FeatureShape]) -> [[Int64]] {
    let channels = order.prefix(count).sorted()
    var first = 0
    return shapes.map { shape in
      defer { first += shape.channels }
      return channels.filter { (first..<first + shape.channels).contains($0) }.map { Int64($0 - first) }
    }
  }

  /// Some channels of all scales, `[batch, channels, height, width]`, at the finest scale.
  /// - Parameter chosen: indices of channels within each scale.
  static func embedding(_ features: [Tensor], _ chosen: [Tensor]) -> Tensor {
    let (height, width) = (features[0].size(2), features[0].size(3))
    let maps = zip(used(features), chosen).compactMap { map, channels -> Tensor? in
      guard channels.size(0) > 0 else { return nil }
      let map = map.to(.float32).indexSelect(1, channels)
      return map.size(2) == height && map.size(3) == width
        ? map : map.interpolateNearest(height: height, width: width)
    }
    return maps.count == 1 ? maps[0] : Tensor.cat(maps, along: 1)
  }

  // MARK: Anomaly maps (section III-C)

  /// The Mahalanobis distance of every place's features over the root of the number of their channels.
  public func response(to prepared: [Tensor]) -> Response {
    let features = Self.embedding(prepared, chosen)
    let (height, width) = (features.size(2), features.size(3))
    let squares = gaussians.squaredDistances(
      PlaceGaussians.samples(features, perPlace: configuration.perPlace))
    // Of every place one column a picture, or all pictures' places side by side.
    let perPicture = configuration.perPlace ? squares.transpose(0, 1) : squares
    return Response([(perPicture.reshape([-1, 1, height, width]) / Double(configuration.channels)).sqrt()])
  }

  /// The distances, resized bilinearly and blurred; the picture's score is the largest.
  public func maps(of response: Response, height: Int, width: Int) -> Maps {
    let map = response.scales[0].interpolateBilinear(height: height, width: width)
      .gaussianBlur(sigma: configuration.blur).squeeze(1)
    return Maps(localization: map, imageScore: map.amax([1, 2]))
  }
}

extension PaDiM.Configuration {
  /// Checks numbers that may come from a file before anything is built of them.
  func check(for features: FeatureDescription) throws {
    func refuse(_ name: String, _ value: some CustomStringConvertible, allowed: String) -> DetectorError {
      .number(detector: PaDiM.name, name: name, value: value.description, allowed: allowed)
    }
    let total = PaDiM.used(features.shapes).reduce(0) { $0 + $1.channels }
    guard total > 0 else { throw DetectorError.features(detector: PaDiM.name, problem: "there are none") }
    guard (1...total).contains(channels) else {
      throw refuse("number of channels", channels, allowed: "from 1 to the features' \(total)")
    }
    guard !perPlace || !features.areOfTiles else {
      throw DetectorError.features(
        detector: PaDiM.name,
        problem:
          "a place of a tile is no place of the picture, so that only one Gaussian for all places makes sense"
      )
    }
    let places = perPlace ? PaDiM.places(features.shapes) : 1
    guard channels <= PaDiM.mostChannels(places: places) else {
      throw refuse(
        "number of channels", channels,
        allowed:
          "at most \(PaDiM.mostChannels(places: places)) with Gaussians of \(places) places, whose matrices take "
          + "\(PaDiM.mostBytes >> 20) MB then; one Gaussian for all places allows more")
    }
    guard regularisation > 0, regularisation.isFinite else {
      throw refuse("regularisation", regularisation, allowed: "positive")
    }
    guard blur > 0, blur <= 100 else { throw refuse("blur", blur, allowed: "above 0 and at most 100") }
  }
}
