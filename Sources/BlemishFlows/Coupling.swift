import BlemishTorch

/// The arithmetic of a flow's step behind its subnet: the affine coupling, a scale and an offset per channel, and the
/// permutation.
///
/// With a1 and a2 the halves of what the subnet gives, `s = clamp * tanh(0.1 a1)` and `t = 0.1 a2`.
struct Coupling {
  /// How many channels stay, the first ones, which the subnet takes.
  let kept: Int
  /// How many channels change.
  let changed: Int
  private let clamp: Double
  private let globalScale: Tensor
  private let globalOffset: Tensor
  private let permutation: ChannelPermutation

  /// What the subnet's outputs are scaled by.
  private static var gain: Double { 0.1 }
  /// The value at which ``scale`` is one: `2 ln(exp(5) - 1)`.
  private static var neutralScale: Double { 9.98651730 }

  init(_ path: ParameterPath, channels: Int, clamp: Double) throws {
    changed = channels / 2
    kept = channels - changed
    self.clamp = clamp
    globalScale = try path.parameter("global_scale", [1, channels, 1, 1], .constant(Self.neutralScale))
    globalOffset = try path.parameter("global_offset", [1, channels, 1, 1], .constant(0))
    permutation = try ChannelPermutation(path, channels: channels)
  }

  private var scale: Tensor { globalScale.softplus(beta: 0.5) * 0.1 }

  /// The two halves of x, channels-last, transformed by what the subnet gives, `[batch, 2 * changed, height, width]`:
  /// the value's two halves, channels-last, and perhaps the first once more in the type of what the subnet gives; or the
  /// value as one.
  func callAsFunction(_ halves: [Tensor], _ a: Tensor, joining: Bool) -> (
    values: [Tensor], logDeterminant: Tensor
  ) {
    CouplingKernel.takes(halves, clamp: clamp)
      ? inOnePass(halves, a, joining: joining) : byOperators(halves, a, joining: joining)
  }

  /// The definition.
  func byOperators(_ halves: [Tensor], _ a: Tensor, joining: Bool) -> (
    values: [Tensor], logDeterminant: Tensor
  ) {
    let scale = scale
    let (s, t) = logScaleAndOffset(a)
    let coupled = Tensor.cat([halves[0], t.addcmul(halves[1], s.exp())], along: 1)
    let value = permutation(globalOffset.addcmul(coupled, scale))
    return (
      joining ? [value] : value.split([kept, changed], along: 1).map { $0.channelsLast() },
      s.sum([1, 2, 3]) + scale.log().sum() * pixels(value)
    )
  }

  /// Backwards; the subnet is given the kept channels. The log-determinant is that of the inverse.
  func inverse(_ y: Tensor, subnet: (Tensor) -> Tensor) -> Transformed {
    let scale = scale
    let x = (permutation.inverse(y) - globalOffset) / scale
    let halves = x.split([kept, changed], along: 1)
    let (s, t) = logScaleAndOffset(subnet(halves[0]))
    return Transformed(
      value: .cat([halves[0], (halves[1] - t) * (-s).exp()], along: 1),
      logDeterminant: -(s.sum([1, 2, 3]) + scale.log().sum() * pixels(x)))
  }

  private func logScaleAndOffset(_ a: Tensor) -> (Tensor, Tensor) {
    let halves = (a.to(.float32) * Self.gain).split([changed, changed], along: 1)
    return (halves[0].tanh() * clamp, halves[1])
  }

  private func pixels(_ x: Tensor) -> Double { Double(x.size(2) * x.size(3)) }
}

// The same with its derivative, each in one pass over memory.
extension Coupling {
  /// The definition's results but for rounding.
  func inOnePass(_ halves: [Tensor], _ a: Tensor, joining: Bool) -> (
    values: [Tensor], logDeterminant: Tensor
  ) {
    let outputs = Tensor.withDerivative(of: halves + [a, globalScale, globalOffset]) { needed in
      let kernel = CouplingKernel(
        halves: halves, aType: a.elementType, clamp: clamp, gain: Self.gain,
        scale: ChannelScales(globalScale), offset: globalOffset, permutation)
      let (values, logDeterminant, kept) = kernel.values(
        a.channelsLast(), keeping: needed != nil, joining: joining)
      let outputs = values + [logDeterminant]
      guard needed != nil else { return (outputs, { _ in [] }) }
      let results = values.map { $0.detach() }
      let derivative: Tensor.Derivative = { given in
        let ofValues = zip(given, results).map { $0?.channelsLast() ?? $1.zerosLike }
        let ofLogDeterminant =
          given[results.count]?.contiguous() ?? .zeros([results[0].size(0)], like: results[0])
        return kernel.gradients(ofValues, ofLogDeterminant, kept: kept, results: results)
      }
      return (outputs, derivative)
    }
    return (Array(outputs.dropLast()), outputs[outputs.count - 1])
  }
}
