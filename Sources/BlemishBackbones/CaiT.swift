import BlemishFiles
import BlemishTorch

/// Class-attention in image transformers (Touvron et al., arXiv 2103.17239): the patch tokens after some of the
/// talking-heads blocks and the final norm. State-dict names are timm's.
public struct CaiT: Sendable {
  /// How the variants differ.
  public struct Configuration: Sendable, Equatable {
    /// The name in timm's catalogue, without the resolution's training suffix.
    public var name: String
    /// The side of the square pictures that the position embedding belongs to.
    public var imageSize: Int
    /// Channels of a token.
    public var width: Int
    /// Attention heads.
    public var heads: Int
    /// How many blocks run before the final norm.
    public var blocks: Int

    /// A variant.
    public init(name: String, imageSize: Int, width: Int, heads: Int, blocks: Int) {
      self.name = name
      self.imageSize = imageSize
      self.width = width
      self.heads = heads
      self.blocks = blocks
    }

    /// CaiT-M48 at 448, blocks 0 to 40.
    public static let m48 = Configuration(
      name: "cait_m48_448", imageSize: 448, width: 768, heads: 16, blocks: 41)
    /// CaiT-S24 at 224, blocks 0 to 20.
    public static let s24 = Configuration(
      name: "cait_s24_224", imageSize: 224, width: 384, heads: 8, blocks: 21)
  }

  /// The side of a patch in pixels.
  public static let patch = 16

  /// What the variant is.
  public let configuration: Configuration
  private let patchWeight: Tensor
  private let patchBias: Tensor
  private let positions: Tensor
  private let blocks: [TalkingHeadsBlock]
  private let norm: LayerNorm

  /// A network from the weights at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath, _ configuration: Configuration) throws {
    self.configuration = configuration
    let width = configuration.width
    let side = configuration.imageSize / Self.patch
    let projection = path / "patch_embed" / "proj"
    let initial = Initializer.normal(standardDeviation: 0.02)
    patchWeight = try projection.constant("weight", [width, 3, Self.patch, Self.patch], initial)
    patchBias = try projection.constant("bias", [width], .constant(0))
    positions = try path.constant("pos_embed", [1, side * side, width], initial)
    blocks = try (0..<configuration.blocks).map {
      try TalkingHeadsBlock(
        path / "blocks" / $0, width: width, heads: configuration.heads, tokens: side * side)
    }
    norm = try LayerNorm(path / "norm", width)
  }

  /// The tokens `[batch, height / 16 * width / 16, channels]` of normalised pictures `[batch, 3, height, width]`.
  public func tokens(_ images: Tensor) -> Tensor {
    let embedded = images.conv2d(patchWeight, bias: patchBias, stride: Self.patch)
    let (rows, columns) = (embedded.size(2), embedded.size(3))
    var x = embedded.flatten(from: 2).transpose(1, 2) + positions(rows: rows, columns: columns)
    for block in blocks { x = block(x) }
    return norm(x)
  }

  /// The tokens as a map `[batch, channels, height / 16, width / 16]`.
  public func callAsFunction(_ images: Tensor) -> Tensor {
    let (rows, columns) = (images.size(2) / Self.patch, images.size(3) / Self.patch)
    return tokens(images).transpose(1, 2).reshape([images.size(0), configuration.width, rows, columns])
  }

  /// The position embedding, resampled where the pictures have another size than those it was learnt on.
  private func positions(rows: Int, columns: Int) -> Tensor {
    let side = configuration.imageSize / Self.patch
    guard (rows, columns) != (side, side) else { return positions }
    return positions.reshape([1, side, side, configuration.width]).permute([0, 3, 1, 2])
      .interpolateBicubic(height: rows, width: columns)
      .flatten(from: 2).transpose(1, 2)
  }
}

/// A pair of transformers (Tailanian et al., arXiv 2211.12353, section 3.1): CaiT-M48 on the picture, CaiT-S24 on the
/// picture at half its size.
public struct CaiTPair: Backbone {
  static let channels = [CaiT.Configuration.m48.width, CaiT.Configuration.s24.width]
  static let strides = [CaiT.patch, CaiT.patch * 2]

  /// The widths of the two transformers.
  public var channels: [Int] { Self.channels }
  /// The side of a token in input pixels.
  public var strides: [Int] { Self.strides }
  private let fine: CaiT
  private let coarse: CaiT

  /// The pair from the weights below `cait_m48_448` and `cait_s24_224`.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  public init(_ path: ParameterPath) throws {
    fine = try CaiT(path / CaiT.Configuration.m48.name, .m48)
    coarse = try CaiT(path / CaiT.Configuration.s24.name, .s24)
  }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] { [fine(images), coarse(Self.subsample(images))] }

  /// Half the size, as the published code takes it: bicubic, corners aligned, not antialiased.
  public static func subsample(_ images: Tensor) -> Tensor {
    images.interpolateBicubic(height: images.size(2) / 2, width: images.size(3) / 2, aligningCorners: true)
  }
}

/// Attention and a perceptron, each on a normalised input, scaled per channel and added. Norms and sums are single
/// precision, whatever the products are.
private struct TalkingHeadsBlock {
  let norm1: LayerNorm
  let attention: TalkingHeadsAttention
  let gamma1: Tensor
  let norm2: LayerNorm
  let fc1: FusedLinear
  let fc2: FusedLinear
  let gamma2: Tensor
  let elementType: ElementType

  init(
    _ path: ParameterPath, width: Int, heads: Int, tokens: Int
  ) throws {
    func linear(_ path: ParameterPath, _ inputs: Int, _ outputs: Int) throws -> FusedLinear {
      try FusedLinear(path, inputs: inputs, outputs: outputs, rows: tokens)
    }
    elementType = path.productType
    norm1 = try LayerNorm(path / "norm1", width)
    attention = try TalkingHeadsAttention(
      path / "attn", width: width, heads: heads, tokens: tokens)
    gamma1 = try path.constant("gamma_1", [width], .constant(1e-5))
    norm2 = try LayerNorm(path / "norm2", width)
    fc1 = try linear(path / "mlp" / "fc1", width, 4 * width)
    fc2 = try linear(path / "mlp" / "fc2", 4 * width, width)
    gamma2 = try path.constant("gamma_2", [width], .constant(1e-5))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let attended = x.addcmul(gamma1, attention(norm1(x).to(elementType)).to(.float32))
    return attended.addcmul(gamma2, fc2(fc1(norm2(attended).to(elementType), .gelu)).to(.float32))
  }
}

/// Attention whose scores are mixed over the heads before and after the softmax (arXiv 2003.02436).
///
/// Scores lie `[queries, heads, keys]` in memory, so that a mixing is a small product for each query. Neither bias of
/// the mixings needs a pass over them: the one before, the same for all keys, changes no softmax; the one behind adds
/// as much of every value, whatever the query.
private struct TalkingHeadsAttention {
  /// Queries at a time: their scores for all heads then stay in cache.
  static let queriesAtOnce = 56

  let heads: Int
  let width: Int
  let qkv: FusedLinear
  let mixBefore: Tensor
  let mixAfter: Tensor
  /// The bias behind the softmax `[heads, 1, 1]`.
  let everyValue: Tensor
  let projection: FusedLinear

  init(
    _ path: ParameterPath, width: Int, heads: Int, tokens: Int
  ) throws {
    self.width = width
    self.heads = heads
    qkv = try FusedLinear(path / "qkv", inputs: width, outputs: 3 * width, rows: tokens)
    let (before, after) = (path / "proj_l", path / "proj_w")
    func weight(_ path: ParameterPath) throws -> Tensor {
      try path.constant("weight", [heads, heads], .normal(standardDeviation: 0.02)).to(path.productType)
    }
    mixBefore = try weight(before)
    // The weights have it, though nothing comes of it.
    _ = try before.constant("bias", [heads], .constant(0))
    mixAfter = try weight(after)
    everyValue = try after.constant("bias", [heads], .constant(0)).reshape([heads, 1, 1])
    projection = try FusedLinear(path / "proj", inputs: width, outputs: width, rows: tokens)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, count) = (x.size(0), x.size(1))
    let parts = qkv(x).reshape([batch, count, 3, heads, width / heads]).permute([0, 2, 3, 1, 4])
    return projection(Tensor.stack((0..<batch).map { attend(parts.select(0, $0)) }))
  }

  /// What the heads gather `[count, width]` of one picture's queries, keys and values `[3, heads, count, width / heads]`.
  private func attend(_ parts: Tensor) -> Tensor {
    let count = parts.size(2)
    let queries = parts.select(0, 0) * (1 / Double(width / heads).squareRoot())
    let keys = parts.select(0, 1).transpose(1, 2).contiguous()
    let values = parts.select(0, 2).contiguous()
    let gathered = Tensor.uninitialized([count, heads, width / heads], like: values)
    for start in stride(from: 0, to: count, by: Self.queriesAtOnce) {
      let length = min(Self.queriesAtOnce, count - start)
      let scores = Tensor.uninitialized([length, heads, count], like: values)
      queries.narrow(1, from: start, length: length).matrixProducts(keys, into: scores.transpose(0, 1))
      let weights = mixAfter.matmul(mixBefore.matmul(scores).softmax(-1))
      weights.transpose(0, 1)
        .matrixProducts(values, into: gathered.narrow(0, from: start, length: length).transpose(0, 1))
    }
    let sums = values.to(.float32).sum([1], keepingDimensions: true)
    return gathered.add_((everyValue * sums).transpose(0, 1)).reshape([count, width])
  }
}

private struct LayerNorm {
  let weight: Tensor
  let bias: Tensor

  init(_ path: ParameterPath, _ width: Int) throws {
    weight = try path.constant("weight", [width], .constant(1))
    bias = try path.constant("bias", [width], .constant(0))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(weight.shape, weight: weight, bias: bias, epsilon: 1e-6)
  }
}

extension FusedLinear {
  /// The map at a path.
  /// - Throws: ``ParameterError`` when a tensor is missing or has another shape.
  fileprivate init(
    _ path: ParameterPath, inputs: Int, outputs: Int, rows: Int
  ) throws {
    let elementType = path.productType
    let weight = try path.constant("weight", [outputs, inputs], .normal(standardDeviation: 0.02))
    let bias = try path.constant("bias", [outputs], .constant(0))
    self.init(weight: weight.to(elementType), bias: bias.to(elementType), rows: rows)
  }
}
