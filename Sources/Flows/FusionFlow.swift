import Torch

/// MSFlow's fusion flow (Zhou et al.; arXiv 2308.15300): one invertible step over the maps of all scales
/// together, through which each scale sees the others.
///
/// Every scale's channels are permuted and split into x1, the first `C - C / 2`, and x2. The x1 of all scales
/// change by what a network makes of all x2, then the x2 by what a second network makes of the new x1.
public struct FusionFlow {
  private let permutations: [ChannelPermutation]
  private let fromFirst: FusionNetwork
  private let fromSecond: FusionNetwork
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
    // The published list of modules has the permutations first.
    let coupling = path / "module_list" / channels.count
    fromFirst = try FusionNetwork(
      coupling / "subnet_1",
      inputs: firstChannels,
      outputs: secondChannels,
      clamp: clamp
    )
    fromSecond = try FusionNetwork(
      coupling / "subnet_2",
      inputs: secondChannels,
      outputs: firstChannels,
      clamp: clamp
    )
  }

  /// The step on one `[batch, channels, height, width]` a scale, finest first; log|det J| is `[batch]`.
  public func callAsFunction(_ x: [Tensor]) -> (values: [Tensor], logDeterminant: Tensor) {
    let (x1, x2) = halves(zip(permutations, x).map { $0($1) })
    let first = fromSecond(x2)
    let y1 = zip(x1, first).map { x, change in change.t.addcmul(x, change.s.exp()) }
    let second = fromFirst(y1)
    let y2 = zip(x2, second).map { x, change in change.t.addcmul(x, change.s.exp()) }
    return (
      zip(y1, y2).map { Tensor.cat([$0, $1], along: 1).clamp(-Self.limit, Self.limit) },
      Self.logDeterminant(first + second)
    )
  }

  /// The step backwards, where no output was limited; the log-determinant is that of the inverse.
  public func inverse(_ y: [Tensor]) -> (values: [Tensor], logDeterminant: Tensor) {
    let (y1, y2) = halves(y)
    let second = fromFirst(y1)
    let x2 = zip(y2, second).map { y, change in (y - change.t) * (-change.s).exp() }
    let first = fromSecond(x2)
    let x1 = zip(y1, first).map { y, change in (y - change.t) * (-change.s).exp() }
    let x = zip(x1, x2).map { Tensor.cat([$0, $1], along: 1) }
    return (zip(permutations, x).map { $0.inverse($1) }, -Self.logDeterminant(first + second))
  }

  private func halves(_ x: [Tensor]) -> (first: [Tensor], second: [Tensor]) {
    let parts = x.indices.map { x[$0].split([firstChannels[$0], secondChannels[$0]], along: 1) }
    return (parts.map { $0[0] }, parts.map { $0[1] })
  }

  private static func logDeterminant(_ changes: [FusionNetwork.Change]) -> Tensor {
    Tensor.stack(changes.map { $0.s.sum([1, 2, 3]) }).sum([0])
  }
}

/// The network of the fusion flow's coupling: mixes the scales at the size of the coarsest, gives the mixture
/// back to each of them, and reads a log-scale s and an offset t off every pixel.
private struct FusionNetwork {
  typealias Change = (s: Tensor, t: Tensor)

  private let narrowing: Convolution
  private let norm: ChannelNorm
  private let widening: Convolution
  private let logScales: [Convolution]
  private let offsets: [Convolution]
  private let inputs: [Int]
  private let clamp: Double

  init(_ path: ParameterPath, inputs: [Int], outputs: [Int], clamp: Double) throws {
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
    self.clamp = clamp
  }

  func callAsFunction(_ x: [Tensor]) -> [Change] {
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
      let seen = x[scale] + shared
      return (
        (logScales[scale](seen).to(.float32) / clamp).atan() * (0.636 * clamp),
        offsets[scale](seen).to(.float32)
      )
    }
  }
}
