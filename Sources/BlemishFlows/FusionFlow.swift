import BlemishTorch

/// The fusion flow (Zhou et al., arXiv 2308.15300): one invertible step over the maps of all scales together, through
/// which each scale depends on the others.
///
/// Every scale's channels are permuted and split into x1, the first `C - C / 2`, and x2. The x1 of all scales
/// change by what a network makes of all x2, then the x2 by what a second network makes of the new x1.
///
/// Any number of threads may call it at the same time, as long as no optimiser changes the parameters meanwhile.
public struct FusionFlow: Sendable {
  private let permutations: [ChannelPermutation]
  private let fromFirst: FusionNetwork
  private let fromSecond: FusionNetwork
  private let coupling: FusionCoupling
  private let firstChannels: [Int]
  private let secondChannels: [Int]

  /// Outputs lie between minus and plus this.
  private static let limit = 1e6

  /// A flow over maps of these numbers of channels, finest scale first.
  /// - Parameter clamp: about the largest absolute value of a log-scale.
  /// - Throws: ``ParameterError``.
  public init(_ path: ParameterPath, channels: [Int], clamp: Double) throws {
    secondChannels = channels.map { $0 / 2 }
    firstChannels = zip(channels, secondChannels).map { $0 - $1 }
    permutations = try channels.enumerated().map { scale, count in
      try ChannelPermutation(path / "module_list" / scale, channels: count)
    }
    coupling = FusionCoupling(clamp: clamp)
    // The published list of modules has the permutations first.
    let networks = path / "module_list" / channels.count
    fromFirst = try FusionNetwork(networks / "subnet_1", inputs: firstChannels, outputs: secondChannels)
    fromSecond = try FusionNetwork(networks / "subnet_2", inputs: secondChannels, outputs: firstChannels)
  }

  /// The step on one `[batch, channels, height, width]` a scale, finest first; log|det J| is `[batch]`.
  public func callAsFunction(_ x: [Tensor]) -> (values: [Tensor], logDeterminant: Tensor) {
    let halves = x.indices.map { permutations[$0].halves(x[$0], first: firstChannels[$0]) }
    let (x1, x2) = (halves.map { $0[0] }, halves.map { $0[1] })
    let first = zip(x1, fromSecond(x2)).map { coupling($0, $1) }
    let y1 = first.map(\.value)
    let second = zip(x2, fromFirst(y1)).map { coupling($0, $1) }
    return (
      zip(y1, second).map { Tensor.cat([$0, $1.value], along: 1).clamp(-Self.limit, Self.limit) },
      Self.sum(first + second)
    )
  }

  /// The step backwards, where no output was limited; the log-determinant is that of the inverse.
  public func inverse(_ y: [Tensor]) -> (values: [Tensor], logDeterminant: Tensor) {
    let halves = y.indices.map { y[$0].split([firstChannels[$0], secondChannels[$0]], along: 1) }
    let (y1, y2) = (halves.map { $0[0] }, halves.map { $0[1] })
    let second = zip(y2, fromFirst(y1)).map { coupling.inverse($0, $1) }
    let x2 = second.map(\.value)
    let first = zip(y1, fromSecond(x2)).map { coupling.inverse($0, $1) }
    let x = zip(first, x2).map { Tensor.cat([$0.value, $1], along: 1) }
    return (zip(permutations, x).map { $0.inverse($1) }, -Self.sum(first + second))
  }

  private static func sum(_ changed: [FusionCoupling.Changed]) -> Tensor {
    Tensor.stack(changed.map(\.sums)).sum([0])
  }
}

/// The network of the fusion flow's coupling: mixes the scales at the size of the coarsest, gives the mixture
/// back to each of them, and reads the coupling's a and t off every pixel.
private struct FusionNetwork {
  private let narrowing: Convolution
  private let norm: ChannelNorm
  private let widening: Convolution
  private let logScales: [Convolution]
  private let offsets: [Convolution]
  private let inputs: [Int]

  init(_ path: ParameterPath, inputs: [Int], outputs: [Int]) throws {
    let all = inputs.reduce(0, +)
    let mixing = path / "cross_convs"
    narrowing = try Convolution(mixing / "conv1", inputs: all, outputs: all / 4, kernel: 3)
    norm = try ChannelNorm(mixing / "norm", channels: all / 4)
    widening = try Convolution(mixing / "conv2", inputs: all / 4, outputs: all, kernel: 3)
    func convolutions(_ path: ParameterPath) throws -> [Convolution] {
      try inputs.indices.map {
        try Convolution(path / $0, inputs: inputs[$0], outputs: outputs[$0], kernel: 3)
      }
    }
    logScales = try convolutions(path / "conv_s")
    offsets = try convolutions(path / "conv_t")
    self.inputs = inputs
  }

  func callAsFunction(_ x: [Tensor]) -> [FusionCoupling.Change] {
    let coarsest = x[x.count - 1]
    let pooled = x.map { $0.adaptiveAvgPool2d(height: coarsest.size(2), width: coarsest.size(3)) }
    let mixture = widening(
      norm(narrowing(.cat(pooled, along: 1)), rectifying: true), rectifying: true
    ).split(inputs, along: 1)
    return x.indices.map { scale in
      let shared = mixture[scale].interpolateBilinear(
        height: x[scale].size(2),
        width: x[scale].size(3),
        aligningCorners: true
      )
      let both = x[scale] + shared
      return (logScales[scale](both), offsets[scale](both))
    }
  }
}
