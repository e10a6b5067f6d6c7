import BlemishFiles
import BlemishTorch

/// A residual network (He et al., arXiv 1512.03385; ResNeXt, 1611.05431; wide, 1605.07146) up to its third
/// stage. State-dict names are torchvision's, which are timm's too.
///
/// Batch norms are folded into the convolutions before them when the network is built, in double precision.
public struct ResNet: Backbone {
  /// How the variants differ.
  public struct Configuration: Sendable, Equatable {
    /// Residual blocks in stages 1 to 3.
    var blocks: [Int]
    /// Whether blocks are 1 x 1, 3 x 3, 1 x 1 and not two 3 x 3.
    var bottleneck: Bool
    /// Groups of the 3 x 3 convolution.
    var groups = 1
    /// Channels per group, of 64 in the first stage.
    var widthPerGroup = 64

    /// ResNet-18.
    public static let resnet18 = Configuration(blocks: [2, 2, 2], bottleneck: false)
    /// ResNet-34.
    public static let resnet34 = Configuration(blocks: [3, 4, 6], bottleneck: false)
    /// ResNet-50.
    public static let resnet50 = Configuration(blocks: [3, 4, 6], bottleneck: true)
    /// ResNeXt-50 with 32 groups of 4 channels.
    public static let resnext50 = Configuration(
      blocks: [3, 4, 6], bottleneck: true, groups: 32, widthPerGroup: 4)
    /// ResNet-50 with twice the inner channels.
    public static let wideResnet50 = Configuration(blocks: [3, 4, 6], bottleneck: true, widthPerGroup: 128)

    /// The channels of the three stages' outputs.
    public var channels: [Int] { [64, 128, 256].map { $0 * (bottleneck ? 4 : 1) } }
  }

  static let strides = [4, 8, 16]

  /// The channels of the three stages.
  public let channels: [Int]
  /// The stages' steps in input pixels.
  public var strides: [Int] { Self.strides }
  private let elementType: ElementType
  private let stem: FoldedConvolution
  private let stages: [[ResidualBlock]]

  /// A network from the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(
    _ path: ParameterPath, _ configuration: Configuration, padding: Padding = .zeros
  ) throws {
    channels = configuration.channels
    elementType = path.productType
    stem = try FoldedConvolution(
      path / "conv1", norm: path / "bn1", inputs: 3, outputs: 64, kernel: 7, stride: 2, padding: padding)
    var inputs = 64
    var stages: [[ResidualBlock]] = []
    for (stage, count) in configuration.blocks.enumerated() {
      let outputs = configuration.channels[stage]
      var blocks: [ResidualBlock] = []
      for index in 0..<count {
        blocks.append(
          try ResidualBlock(
            path / "layer\(stage + 1)" / index, configuration, planes: 64 << stage, inputs: inputs,
            stride: index == 0 && stage > 0 ? 2 : 1, padding: padding))
        inputs = outputs
      }
      stages.append(blocks)
    }
    self.stages = stages
  }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var x = stem(images.channelsLast(elementType), rectifying: true).maxPool2d(3, stride: 2, padding: 1)
    return stages.map { blocks in
      for block in blocks { x = block(x) }
      return x.to(.float32)
    }
  }
}

/// Two or three convolutions and a shortcut around them.
private struct ResidualBlock {
  let convolutions: [FoldedConvolution]
  let shortcut: FoldedConvolution?

  init(
    _ path: ParameterPath, _ configuration: ResNet.Configuration, planes: Int, inputs: Int, stride: Int,
    padding: Padding
  ) throws {
    let outputs = planes * (configuration.bottleneck ? 4 : 1)
    if configuration.bottleneck {
      let width = planes * configuration.widthPerGroup / 64 * configuration.groups
      convolutions = [
        try FoldedConvolution(
          path / "conv1", norm: path / "bn1", inputs: inputs, outputs: width, kernel: 1, padding: padding),
        try FoldedConvolution(
          path / "conv2", norm: path / "bn2", inputs: width, outputs: width, kernel: 3, stride: stride,
          groups: configuration.groups, padding: padding),
        try FoldedConvolution(
          path / "conv3", norm: path / "bn3", inputs: width, outputs: outputs, kernel: 1, padding: padding),
      ]
    } else {
      convolutions = [
        try FoldedConvolution(
          path / "conv1", norm: path / "bn1", inputs: inputs, outputs: planes, kernel: 3, stride: stride,
          padding: padding
        ),
        try FoldedConvolution(
          path / "conv2", norm: path / "bn2", inputs: planes, outputs: planes, kernel: 3, padding: padding),
      ]
    }
    shortcut =
      stride == 1 && inputs == outputs
      ? nil
      : try FoldedConvolution(
        path / "downsample" / 0, norm: path / "downsample" / 1, inputs: inputs, outputs: outputs, kernel: 1,
        stride: stride, padding: padding)
  }

  /// Overwrites x where there is no shortcut: the result takes its place.
  func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x
    for convolution in convolutions.dropLast() { y = convolution(y, rectifying: true) }
    return convolutions[convolutions.count - 1](y, rectifying: true, adding: shortcut?(x) ?? x)
  }
}
