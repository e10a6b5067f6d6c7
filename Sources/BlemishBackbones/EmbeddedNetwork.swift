import BlemishFiles
import BlemishTorch

/// A residual network with a top-down pathway (feature pyramid, Lin et al., arXiv 1612.03144): a stem at stride 2,
/// residual stages at strides 4, 8, 16 and so on, and from the coarsest down to the finest a map that knows of both
/// what is there and what lies around. At every stride a narrow map of evidence is all that a verdict on defects
/// is made from (``DefectSegmenter``), so that little else is in it.
///
/// The convolutions are trained with their batch norms, or frozen with the norms folded into them; all maps are of
/// the parameters' product type.
public struct EmbeddedNetwork<Unit: EmbeddedUnit> {
  /// The sizes.
  public let architecture: EmbeddedArchitecture
  private let elementType: ElementType
  private let stem: Unit
  private let stages: [[Block]]
  private let laterals: [Lateral]
  private let outputs: [Unit]
  private let narrowing: [Unit]

  /// A network with the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, _ architecture: EmbeddedArchitecture) throws {
    self.architecture = architecture
    elementType = path.productType
    let widths = architecture.widths
    stem = try Unit(path / "stem", inputs: 3, outputs: widths[0], kernel: 3, stride: 2)
    stages = try architecture.blocks.enumerated().map { stage, count in
      try (0..<count).map { index in
        try Block(
          path / "stages" / stage / index, inputs: index == 0 ? widths[stage] : widths[stage + 1],
          outputs: widths[stage + 1], stride: index == 0 ? 2 : 1)
      }
    }
    let pyramid = architecture.pyramid
    laterals = try widths.dropFirst().enumerated().map { level, width in
      try Lateral(path / "laterals" / level, inputs: width, outputs: pyramid)
    }
    outputs = try architecture.blocks.indices.map { level in
      try Unit(path / "outputs" / level, inputs: pyramid, outputs: pyramid, kernel: 3, stride: 1)
    }
    narrowing = try architecture.blocks.indices.map { level in
      try Unit(
        path / "evidence" / level, inputs: pyramid, outputs: architecture.evidence, kernel: 1, stride: 1)
    }
  }

  /// The maps of the stages `[batch, channels, height / stride, width / stride]`, finest first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func encode(_ images: Tensor) -> [Tensor] {
    var x = stem(images.channelsLast(elementType), rectifying: true)
    return stages.map { blocks in
      // The first block of a stage has a shortcut, and leaves the map of the stage before as it is.
      for block in blocks { x = block(x) }
      return x
    }
  }

  /// The maps of the top-down pathway, finest first, of the stages' maps.
  public func pyramid(_ stages: [Tensor]) -> [Tensor] {
    var maps: [Tensor] = []
    for level in stages.indices.reversed() {
      var map = laterals[level](stages[level])
      if let coarser = maps.last {
        map = map + coarser.interpolateBilinear(height: map.size(2), width: map.size(3))
      }
      maps.append(outputs[level](map, rectifying: true))
    }
    return maps.reversed()
  }

  /// The evidence maps, finest first, of the top-down pathway's.
  public func evidence(_ pyramid: [Tensor]) -> [Tensor] {
    zip(narrowing, pyramid).map { narrow, map in narrow(map, rectifying: true) }
  }

  /// Two convolutions and a shortcut around them (He et al., arXiv 1512.03385).
  fileprivate struct Block {
    let first: Unit
    let second: Unit
    let shortcut: Unit?

    init(_ path: ParameterPath, inputs: Int, outputs: Int, stride: Int) throws {
      first = try Unit(path / "first", inputs: inputs, outputs: outputs, kernel: 3, stride: stride)
      second = try Unit(path / "second", inputs: outputs, outputs: outputs, kernel: 3, stride: 1)
      shortcut =
        stride == 1 && inputs == outputs
        ? nil : try Unit(path / "shortcut", inputs: inputs, outputs: outputs, kernel: 1, stride: stride)
    }

    /// May overwrite x where there is no shortcut: the result takes its place.
    func callAsFunction(_ x: Tensor) -> Tensor {
      second(first(x, rectifying: true), rectifying: true, adding: shortcut?(x) ?? x)
    }
  }

  /// A 1 x 1 convolution.
  fileprivate struct Lateral: Sendable {
    let weight: Tensor
    let bias: Tensor

    init(_ path: ParameterPath, inputs: Int, outputs: Int) throws {
      let weight = try Unit.declare(path, "weight", [outputs, inputs, 1, 1], .fanIn(inputs))
      let bias = try Unit.declare(path, "bias", [outputs], .fanIn(inputs))
      // What training changes is converted at every call.
      let trained = weight.requiresGradient
      self.weight = trained ? weight : weight.to(path.productType)
      self.bias = trained ? bias : bias.to(path.productType)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      x.conv2d(weight.to(x.elementType), bias: bias.to(x.elementType))
    }
  }
}

/// Frozen units make a network that any number of threads may use at the same time.
extension EmbeddedNetwork: Sendable where Unit: Sendable {}
extension EmbeddedNetwork.Block: Sendable where Unit: Sendable {}
