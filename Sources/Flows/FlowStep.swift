import Torch

/// What an invertible function gives: its value, and the logarithm of the determinant of its Jacobian.
public struct Transformed {
  /// The value `[batch, channels, height, width]`.
  public var value: Tensor
  /// log|det J| of every picture, `[batch]`.
  public var logDeterminant: Tensor

  /// A value with its log-determinant.
  public init(value: Tensor, logDeterminant: Tensor) {
    self.value = value
    self.logDeterminant = logDeterminant
  }
}

/// The function inside a coupling: any network from `[batch, inputs, height, width]` to twice the transformed
/// channels.
public protocol Subnet {
  /// The parameters of the coupling.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// One step of a flow: an affine coupling, a global scale and offset per channel, a fixed permutation
/// (Real NVP, arXiv 1605.08803; Glow, arXiv 1807.03039).
///
/// The channels are split into x1, the first `C - C / 2`, and x2. A subnet maps x1 (and the condition) to s and
/// t; x2 becomes `x2 * exp(s) + t`.
public struct FlowStep<Network: Subnet> {
  private let subnet: Network
  private let clamp: Double
  private let globalScale: Tensor
  private let globalOffset: Tensor
  private let permutation: ChannelPermutation
  private let kept: Int
  private let changed: Int
  private let productType: ElementType

  /// A step on `channels` channels; the subnet is built for the given numbers of inputs and outputs.
  /// - Parameter clamp: the largest absolute value of s.
  /// - Throws: what the subnet throws, and ``ParameterError``.
  public init(
    _ path: ParameterPath, channels: Int, conditions: Int = 0, clamp: Double,
    subnet: (_ inputs: Int, _ outputs: Int) throws -> Network
  ) throws {
    changed = channels / 2
    kept = channels - changed
    productType = path.productType
    self.clamp = clamp
    self.subnet = try subnet(kept + conditions, 2 * changed)
    globalScale = try path.parameter("global_scale", [1, channels, 1, 1], .constant(Self.neutralScale))
    globalOffset = try path.parameter("global_offset", [1, channels, 1, 1], .constant(0))
    permutation = try ChannelPermutation(path, channels: channels)
  }

  /// The value at which ``scale`` is one: `2 ln(exp(5) - 1)`.
  private static var neutralScale: Double { 9.98651730 }

  private var scale: Tensor { globalScale.softplus(beta: 0.5) * 0.1 }

  /// The step, on `[batch, channels, height, width]`; the result is channels-last.
  public func callAsFunction(_ x: Tensor, condition: Tensor? = nil) -> Transformed {
    let scale = scale
    let pixels = Double(x.size(2) * x.size(3))
    let parts = withFirstPart(x.channelsLast())
    let coupled = coupling(parts[0], parameters: subnet(input(parts[1], condition)), scale)
    return Transformed(
      value: coupled[0], logDeterminant: coupled[1] + scale.log().sum() * pixels)
  }

  /// The step backwards; the log-determinant is that of the inverse.
  public func inverse(_ y: Tensor, condition: Tensor? = nil) -> Transformed {
    let scale = scale
    let x = (permutation.inverse(y) - globalOffset) / scale
    let parts = x.split([kept, changed], along: 1)
    let a = (subnet(input(parts[0], condition)).to(.float32) * Self.gain).split([changed, changed], along: 1)
    let (s, t) = (a[0].tanh() * clamp, a[1])
    let pixels = Double(x.size(2) * x.size(3))
    return Transformed(
      value: .cat([parts[0], (parts[1] - t) * (-s).exp()], along: 1),
      logDeterminant: -(s.sum([1, 2, 3]) + scale.log().sum() * pixels))
  }

  /// What the subnet's outputs are scaled by.
  private static var gain: Double { 0.1 }

  private func input(_ x: Tensor, _ condition: Tensor?) -> Tensor {
    guard let condition else { return x }
    let expanded = condition.to(productType).expand([x.size(0), -1, -1, -1])
    return .cat([x.to(productType), expanded], along: 1)
  }

  /// x, and the part of it that the subnet sees, in the same memory. The part's gradient is added to that of x in
  /// place, where a recorded operator would first fill a tensor as large as x with zeros.
  private func withFirstPart(_ x: Tensor) -> [Tensor] {
    Tensor.withDerivative(of: [x]) { _ in
      return (
        [x.detach(), x.detach().narrow(1, from: 0, length: kept)],
        { gradients in
          let ofX = gradients[0] ?? x.zerosLike
          if let ofPart = gradients[1] { ofX.narrow(1, from: 0, length: kept).add_(ofPart) }
          return [ofX]
        }
      )
    }
  }
}

// The arithmetic of a step behind its subnet, with its derivative.
extension FlowStep {
  /// The coupling, the scale and offset, and the permutation: their value, channels-last, and the sum of s of every
  /// picture, `[batch]`.
  ///
  /// With u = sigmoid(0.2 a1) the log-scale `s = clamp * tanh(0.1 a1)` is `clamp * (2 u - 1)`. For the derivative
  /// only x, u and the result are kept: the rest follows from them.
  private func coupling(_ x: Tensor, parameters a: Tensor, _ scale: Tensor) -> [Tensor] {
    Tensor.withDerivative(of: [x, a, scale, globalOffset]) { needed in
      let (scale, offset) = (scale.detach(), globalOffset.detach())
      let subnetType = a.elementType
      let a = a.to(.float32)
      let u = (half(a, 0) * (2 * Self.gain)).sigmoid_()
      let s = logScale(u)
      let sum = s.sum([1, 2, 3])
      let changedPart = s.exp_().mul_(x.narrow(1, from: kept, length: changed))
      changedPart.add_(half(a, 1), alpha: Self.gain)
      let y = x.uninitializedLike
      for (start, part) in [(0, x.narrow(1, from: 0, length: kept)), (kept, changedPart)] {
        let length = part.size(1)
        y.narrow(1, from: start, length: length).setToAddcmul_(
          offset.narrow(1, from: start, length: length), part, scale.narrow(1, from: start, length: length))
      }
      let value = permutation(y)
      guard needed != nil else { return ([value, sum], { _ in [] }) }
      let result = value.detach()
      return (
        [value, sum],
        { derivative($0[0], $0[1], x: x, subnetType, u: u, result: result, scale, offset) }
      )
    }
  }

  /// The gradients of x, the subnet's outputs, scale and offset from those of the step's value and of the sum of s.
  private func derivative(
    _ ofValue: Tensor?, _ ofSum: Tensor?, x: Tensor, _ subnetType: ElementType, u: Tensor, result: Tensor,
    _ scale: Tensor, _ offset: Tensor
  ) -> [Tensor?] {
    let ofValue = ofValue?.channelsLast() ?? x.zerosLike
    let ofOffset = permutation.inverse(ofValue.sum([0, 2, 3], keepingDimensions: true))
    // The result is scale * coupled + offset.
    let ofResult = permutation.inverse((ofValue * result).sum([0, 2, 3], keepingDimensions: true))
    let ofScale = (ofResult - ofOffset * offset) / scale
    let ofX = permutation.inverse(ofValue).mul_(scale)
    let ofChanged = ofX.narrow(1, from: kept, length: changed)
    let ofA = Tensor.uninitialized([x.size(0), x.size(2), x.size(3), 2 * changed], like: x, subnetType)
      .permute([0, 3, 1, 2])
    half(ofA, 1).setToProduct_(ofChanged, Self.gain)
    ofChanged.mul_(logScale(u).exp_())
    let ofS = ofChanged * x.narrow(1, from: kept, length: changed)
    if let ofSum { ofS.add_(ofSum.reshape([-1, 1, 1, 1])) }
    // ds/da1 = 2 clamp * 0.2 * u (1 - u)
    let slope = (u.square().sub_(u)).mul_(-4 * clamp * Self.gain)
    half(ofA, 0).setToProduct_(ofS, slope)
    return [ofX, ofA, ofScale, ofOffset]
  }

  private func logScale(_ u: Tensor) -> Tensor { (u * (2 * clamp)).add_(-clamp) }

  private func half(_ a: Tensor, _ index: Int) -> Tensor {
    a.narrow(1, from: index * changed, length: changed)
  }
}

/// U-Flow's subnet: two convolutions with a ReLU between them, as many hidden channels as inputs.
public struct ConvolutionSubnet: Subnet {
  private let first: Convolution
  private let second: Convolution

  /// A subnet whose convolutions lie at `0` and `2` below the path.
  /// - Throws: ``ParameterError``.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int) throws {
    first = try Convolution(path / 0, inputs: inputs, outputs: inputs, kernel: kernel)
    second = try Convolution(path / 2, inputs: inputs, outputs: outputs, kernel: kernel)
  }

  /// s and t, `[batch, outputs, height, width]`, of `[batch, inputs, height, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { second(first(x, rectifying: true)) }
}
