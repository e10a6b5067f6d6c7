import BlemishBackbones
import BlemishCore
import BlemishTorch

/// PatchCore (Roth et al., CVPR 2022; arXiv 2106.08265): a bank of features of good pictures, and how far a picture's
/// features lie from their nearest neighbours in it.
///
/// The features are those of strides 8 and 16: the two coarsest of a backbone's first three scales, both of a backbone
/// with two. Each map passes an average pool of 3 x 3 (section 3.1), the coarser one is resized to the finer, and their
/// channels together are one vector a place. The bank is a coreset of the vectors of good pictures (section 3.2).
public struct PatchCore: OnePassFitted {
  /// The sizes of a PatchCore.
  public struct Configuration: Sendable, Codable, Equatable {
    /// The share of the good pictures' vectors that the bank keeps.
    public var coresetShare: Double
    /// The bank holds so many vectors at most. Where the good pictures have more than this over the share, so many are
    /// drawn at first, and the bank is the share of these.
    public var mostVectors: Int
    /// How many vectors of the bank around the nearest one say how much a picture's score counts: b in the paper.
    public var neighbours: Int
    /// The standard deviation of the blur over the map, in pixels of the map.
    public var blur: Double

    /// The published sizes, and a bank that a minute suffices for.
    public init(coresetShare: Double = 0.1, mostVectors: Int = 10_000, neighbours: Int = 9, blur: Double = 4)
    {
      self.coresetShare = coresetShare
      self.mostVectors = mostVectors
      self.neighbours = neighbours
      self.blur = blur
    }
  }

  private let bank: MemoryBank
  /// The root mean square distance of good pictures' vectors to those of other good pictures.
  private let unit: Tensor
  private let configuration: Configuration

  /// The name that commands and model files use.
  public static let name = "patchcore"
  /// Bilinear resizing; maps at the pictures' size.
  public static let preparation = Preparation()
  /// Whitened features that photographs have taught: neighbours in them are alike to people, too.
  public static func isPreferred(on backbone: BackboneDescription) -> Bool {
    backbone.isWhitened && backbone.builtIn == nil
  }
  /// The published choice.
  public static func standard(for features: FeatureDescription) -> Configuration { Configuration() }

  /// The bank whose vectors lie at a path.
  /// - Throws: `ParameterError`, and `DetectorError` where features and configuration do not fit together.
  public init(
    _ path: ParameterPath, features: FeatureDescription, configuration: Configuration = Configuration()
  ) throws {
    try configuration.check()
    guard let channels = Self.preparedShapes(of: features.shapes).first?.channels else {
      throw DetectorError.features(detector: Self.name, problem: "there are none")
    }
    // One that is not fitted has a bank of the size that one can have, for those who want to know how fast it is.
    let count = path.weightShape("bank").map { $0.first ?? 0 } ?? configuration.mostVectors
    guard (Self.leastVectors...max(configuration.mostVectors, Self.leastVectors)).contains(count) else {
      throw DetectorError.number(
        detector: Self.name, name: "number of vectors", value: "\(count)",
        allowed: "from \(Self.leastVectors) to \(configuration.mostVectors)")
    }
    bank = MemoryBank(try path.constant("bank", [count, channels], .constant(0)))
    unit = try path.constant("unit", [1], .constant(1))
    let value = unit.item
    guard value > 0 else {
      throw DetectorError.number(detector: Self.name, name: "unit", value: "\(value)", allowed: "positive")
    }
    self.configuration = configuration
  }

  /// With one vector, no picture's score would count.
  static let leastVectors = 2

  // MARK: Locally aware patch features (section 3.1)

  /// Average pools, and one map of two scales.
  public static let featureIdentity =
    "average pool 3, stride 1, of the two coarsest of three scales, as one map"

  /// One map, at the finer of its two scales.
  public static func preparedShapes(of features: [FeatureShape]) -> [FeatureShape] {
    let used = scales(features)
    guard let finest = used.first else { return [] }
    return [
      FeatureShape(
        channels: used.reduce(0) { $0 + $1.channels }, height: finest.height, width: finest.width)
    ]
  }

  /// A distance a place.
  public static func responseShapes(of features: [FeatureShape]) -> [FeatureShape] {
    preparedShapes(of: features).map { FeatureShape(channels: 1, height: $0.height, width: $0.width) }
  }

  /// One map `[batch, channels, height, width]`: a vector of every place and what is around it.
  public static func prepared(_ features: [Tensor]) -> [Tensor] {
    let pooled = scales(features).map { $0.to(.float32).avgPool2d(3, stride: 1, padding: 1) }
    guard let finest = pooled.first else { return [] }
    let (height, width) = (finest.size(2), finest.size(3))
    return [
      Tensor.cat(
        pooled.map {
          $0.size(2) == height && $0.size(3) == width
            ? $0 : $0.interpolateBilinear(height: height, width: width)
        },
        along: 1)
    ]
  }

  /// The two coarsest of the first three.
  private static func scales<Scale>(_ all: [Scale]) -> [Scale] { Array(all.prefix(3).suffix(2)) }

  // MARK: Detection (section 3.3)

  /// The distance of every place's vector to its nearest neighbour in the bank, and the picture's score, both over the
  /// distance that is usual between good pictures.
  public func response(to prepared: [Tensor]) -> Response {
    let map = prepared[0].to(.float32)
    let (batch, height, width) = (map.size(0), map.size(2), map.size(3))
    // A sum's bits depend on the order in memory, which must not depend on the number of pictures.
    let vectors = map.permute([0, 2, 3, 1]).reshape([-1, map.size(1)]).contiguous()
    let nearest = bank.nearest(to: vectors)
    let farthest = nearest.distances.reshape([batch, -1]).maxWithIndices(1).indices
    let first = Tensor((0..<batch).map { Int64($0 * height * width) }, shape: [batch]).onDevice(of: map)
    let place = farthest + first
    let scores = weightedScores(
      of: vectors.indexSelect(0, place), distances: nearest.distances.indexSelect(0, place),
      nearest: nearest.indices.indexSelect(0, place))
    return Response(
      [nearest.distances.reshape([batch, 1, height, width]) / unit], pictureScore: scores / unit)
  }

  /// Equation 7: a distance counts the less, the closer the neighbour's own neighbours are to the vector: where the bank
  /// is sparse, good pictures are far from it, too.
  /// - Parameters:
  ///   - vectors: the vector of every picture that lies farthest from the bank, `[batch, channels]`: m^test,*.
  ///   - distances: how far, `[batch]`: s*.
  ///   - nearest: its nearest neighbour, `[batch]`: m*.
  private func weightedScores(of vectors: Tensor, distances: Tensor, nearest: Tensor) -> Tensor {
    let around = bank.neighbours(of: bank.vectors.indexSelect(0, nearest), count: configuration.neighbours)
    let count = around.size(1)
    let neighbours = bank.vectors.indexSelect(0, around.reshape([-1])).reshape([-1, count, vectors.size(1)])
    let toNeighbours = (neighbours - vectors.unsqueeze(1)).square().sum([2]).sqrt()
    // The largest is taken out, so that no exponential is infinite.
    let largest = toNeighbours.amax([1])
    let share = (distances - largest).exp() / (toNeighbours - largest.unsqueeze(1)).exp().sum([1])
    return (1 - share).clamp(0, 1) * distances
  }

  /// The distances, resized bilinearly and blurred; the picture's score is the response's.
  public func maps(of response: Response, height: Int, width: Int) -> Maps {
    let map = response.scales[0].interpolateBilinear(height: height, width: width)
      .gaussianBlur(sigma: configuration.blur).squeeze(1)
    return Maps(localization: map, imageScore: response.pictureScore ?? map.amax([1, 2]))
  }
}

extension PatchCore.Configuration {
  /// Checks numbers that may come from a file before anything is built of them.
  func check() throws {
    func refuse(_ name: String, _ value: some CustomStringConvertible, allowed: String) -> DetectorError {
      .number(detector: PatchCore.name, name: name, value: value.description, allowed: allowed)
    }
    guard coresetShare > 0, coresetShare <= 1 else {
      throw refuse("share of vectors", coresetShare, allowed: "above 0 and at most 1")
    }
    guard (PatchCore.leastVectors...plausibleSizes.upperBound).contains(mostVectors) else {
      throw refuse(
        "largest number of vectors", mostVectors,
        allowed: "from \(PatchCore.leastVectors) to \(plausibleSizes.upperBound)")
    }
    guard (2...1000).contains(neighbours) else {
      throw refuse("number of neighbours", neighbours, allowed: "from 2 to 1000")
    }
    guard blur > 0, blur <= 100 else { throw refuse("blur", blur, allowed: "above 0 and at most 100") }
  }
}
