import Torch

/// The backbone that ships with the program: a small residual network that has learnt to find planted defects in
/// generated pictures, and is tuned on the user's good pictures before a detector is trained.
public struct EmbeddedBackbone: Backbone {
  /// A map that detectors see.
  public enum Feature: Sendable, Equatable {
    /// The map of a residual stage, counted from the finest.
    case stage(Int)
    /// A map of the top-down pathway, counted from the finest.
    case pyramid(Int)
    /// An evidence map, counted from the finest.
    case evidence(Int)

    var index: Int {
      switch self {
      case .stage(let index), .pyramid(let index), .evidence(let index): index
      }
    }
  }

  /// The maps that detectors see, finest first.
  public static let features: [Feature] = [.evidence(0), .evidence(1), .evidence(2)]

  /// The channels of each feature map.
  public let channels: [Int]
  /// Their steps in input pixels.
  public let strides: [Int]
  private let network: EmbeddedNetwork<FrozenUnit>

  /// The network with the weights at a path, in whatever sizes they have.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape, ``BackboneError`` when the network
  ///   has not all the maps.
  public init(_ path: ParameterPath) throws {
    let architecture = try EmbeddedArchitecture(of: path)
    let stages = (Self.features.map(\.index).max() ?? 0) + 1
    guard architecture.blocks.count >= stages else {
      throw BackboneError(
        "The weights are of a network of \(architecture.blocks.count) stages; the embedded backbone needs \(stages)."
      )
    }
    network = try EmbeddedNetwork(path, architecture)
    channels = Self.channels(architecture)
    strides = Self.strides(architecture)
  }

  static func channels(_ architecture: EmbeddedArchitecture) -> [Int] {
    features.map { feature in
      switch feature {
      case .stage(let index): architecture.widths[index + 1]
      case .pyramid: architecture.pyramid
      case .evidence: architecture.evidence
      }
    }
  }

  static func strides(_ architecture: EmbeddedArchitecture) -> [Int] {
    features.map { architecture.strides[$0.index] }
  }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    let stages = network.encode(images)
    let pyramid = network.pyramid(stages)
    let evidence = network.evidence(pyramid)
    return Self.features.map { feature in
      switch feature {
      case .stage(let index): stages[index]
      case .pyramid(let index): pyramid[index]
      case .evidence(let index): evidence[index]
      }
    }
  }
}
