import BlemishTorch

/// The embedded network with heads that say where a picture is defective: what pretraining and adaptation train.
/// Detectors take its finest answer for evidence (``EmbeddedBackbone/featuresAndEvidence(of:)``).
public struct DefectSegmenter<Unit: EmbeddedUnit> {
  /// How many input pixels a step of the finest answer is; a step of each further one is twice as many.
  public static var stride: Int { 4 }
  /// The name below which the heads' tensors are, finest first, beside the network's.
  static var headsName: String { "heads" }

  /// The network below the heads.
  public let network: EmbeddedNetwork<Unit>
  private let heads: [(weight: Tensor, bias: Tensor)]

  /// A segmenter with the weights at a path.
  /// - Parameter architecture: the sizes; nil for those of the weights.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, _ architecture: EmbeddedArchitecture? = nil) throws {
    let architecture = try architecture ?? EmbeddedArchitecture(of: path)
    network = try EmbeddedNetwork(path, architecture)
    let inputs = architecture.evidence
    heads = try architecture.blocks.indices.map { level in
      let head = path / Self.headsName / level
      return (
        weight: try Unit.declare(head, "weight", [1, inputs, 1, 1], .fanIn(inputs)),
        bias: try Unit.declare(head, "bias", [1], .fanIn(inputs))
      )
    }
  }

  /// Logits `[batch, 1, height / stride, width / stride]` at strides 4, 8, 16 and so on, of normalised pictures
  /// `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    zip(network.evidence(network.pyramid(network.encode(images))), heads).map { map, head in
      map.to(.float32).conv2d(head.weight, bias: head.bias)
    }
  }
}

/// Frozen units make a segmenter that any number of threads may use at the same time.
extension DefectSegmenter: Sendable where Unit: Sendable {}
