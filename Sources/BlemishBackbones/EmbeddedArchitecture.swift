import BlemishTorch

/// The sizes of the embedded network.
public struct EmbeddedArchitecture: Sendable, Codable, Equatable {
  /// The channels of the stem, at stride 2, and of the stages, at strides 4, 8, 16 and so on.
  public var widths: [Int]
  /// The residual blocks of each stage.
  public var blocks: [Int]
  /// The channels of every map of the top-down pathway.
  public var pyramid: Int
  /// The channels of every evidence map.
  public var evidence: Int

  /// An architecture.
  public init(widths: [Int], blocks: [Int], pyramid: Int, evidence: Int) {
    self.widths = widths
    self.blocks = blocks
    self.pyramid = pyramid
    self.evidence = evidence
  }

  /// The network that ships with the program.
  public static let standard = EmbeddedArchitecture(
    widths: [24, 48, 96, 160, 192], blocks: [1, 2, 2, 1], pyramid: 48, evidence: 8)

  /// How many stages a network can have whose maps detectors see.
  public static let stageCounts = 3...4

  /// How many input pixels a step in the map of each stage is.
  public var strides: [Int] { blocks.indices.map { 4 << $0 } }

  /// The sizes of the weights at a path; the standard ones where weights are not given but drawn.
  /// - Throws: ``ParameterError`` or ``BackboneError`` when the weights are of another network.
  init(of path: ParameterPath) throws {
    guard path.hasWeights else {
      self = .standard
      return
    }
    func outputs(_ place: ParameterPath) throws -> Int {
      guard let size = place.weightShape("weight")?.first else {
        throw ParameterError.missing(name: place.name("weight"))
      }
      return size
    }
    widths = [try outputs(path / "stem")]
    blocks = []
    while (path / "stages" / blocks.count / 0 / "first").weightShape("weight") != nil {
      let stage = path / "stages" / blocks.count
      widths.append(try outputs(stage / 0 / "first"))
      var count = 1
      while (stage / count / "first").weightShape("weight") != nil { count += 1 }
      blocks.append(count)
    }
    guard !blocks.isEmpty else { throw ParameterError.missing(name: "stages.0.0.first.weight") }
    guard blocks.count <= Self.stageCounts.upperBound else {
      throw BackboneError.stages(found: blocks.count, allowed: Self.stageCounts)
    }
    pyramid = try outputs(path / "laterals" / 0)
    evidence = try outputs(path / "evidence" / 0)
  }
}
