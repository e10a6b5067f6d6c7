import BlemishFiles
import BlemishTorch

/// What an invertible function gives: its value, and the logarithm of the determinant of its Jacobian.
public struct Transformed: Sendable {
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
///
/// Any number of threads may call one subnet at the same time, as long as no optimiser changes its parameters meanwhile.
public protocol Subnet: Sendable {
  /// The parameters of the coupling.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// Steps of a flow, one after the other.
///
/// Any number of threads may call them at the same time, as long as no optimiser changes the parameters meanwhile.
public struct FlowSteps<Network: Subnet>: Sendable {
  private let steps: [FlowStep<Network>]

  /// The steps, on maps of as many channels.
  public init(_ steps: [FlowStep<Network>]) { self.steps = steps }

  /// The steps, on `[batch, channels, height, width]`.
  /// - Parameter parts: the maps, as one tensor or as several whose channels follow each other.
  public func callAsFunction(_ parts: [Tensor], condition: Tensor? = nil) -> Transformed {
    guard let first = steps.first else {
      let x = Tensor.cat(parts, along: 1)
      return Transformed(value: x, logDeterminant: .zeros([x.size(0)], like: x))
    }
    var halves = first.halves(parts)
    var logDeterminant: Tensor?
    for (index, step) in steps.enumerated() {
      let (values, ofStep) = step(halves, condition: condition, joining: index == steps.count - 1)
      halves = values
      logDeterminant = logDeterminant.map { $0 + ofStep } ?? ofStep
    }
    return Transformed(value: halves[0], logDeterminant: logDeterminant!)
  }

  /// The steps backwards; the log-determinant is that of the inverse.
  public func inverse(_ y: Tensor, condition: Tensor? = nil) -> Transformed {
    let start = Transformed(value: y, logDeterminant: .zeros([y.size(0)], like: y))
    return steps.reversed().reduce(start) { after, step in
      let before = step.inverse(after.value, condition: condition)
      return Transformed(
        value: before.value, logDeterminant: after.logDeterminant + before.logDeterminant)
    }
  }
}

/// One step of a flow: an affine coupling, a global scale and offset per channel, a fixed permutation
/// (Real NVP, arXiv 1605.08803; Glow, arXiv 1807.03039).
///
/// The channels are split into x1, the first `C - C / 2`, and x2. A subnet maps x1 (and the condition) to s and
/// t; x2 becomes `x2 * exp(s) + t`.
public struct FlowStep<Network: Subnet>: Sendable {
  private let subnet: Network
  private let coupling: Coupling
  private let productType: ElementType

  /// A step on `channels` channels; the subnet is built for the given numbers of inputs and outputs.
  /// - Parameter clamp: the largest absolute value of s.
  /// - Throws: what the subnet throws, and ``ParameterError``.
  public init(
    _ path: ParameterPath, channels: Int, conditions: Int = 0, clamp: Double,
    subnet: (_ inputs: Int, _ outputs: Int) throws -> Network
  ) throws {
    coupling = try Coupling(path, channels: channels, clamp: clamp)
    productType = path.productType
    self.subnet = try subnet(coupling.kept + conditions, 2 * coupling.changed)
  }

  /// x1 and x2, each with memory of its own, channels-last: what steps hand to each other, so that the subnet need not
  /// copy its half.
  /// - Parameter parts: maps whose channels follow each other.
  func halves(_ parts: [Tensor]) -> [Tensor] {
    var (first, second, room) = ([Tensor](), [Tensor](), coupling.kept)
    for part in parts {
      let taken = min(part.size(1), room)
      let pieces = part.split([taken, part.size(1) - taken], along: 1)
      if taken > 0 { first.append(pieces[0]) }
      if taken < part.size(1) { second.append(pieces[1]) }
      room -= taken
    }
    return [first, second].map { ($0.count == 1 ? $0[0] : .cat($0, along: 1)).channelsLast() }
  }

  /// The step, on x1 and x2, and perhaps x1 once more in the subnet's type.
  /// - Parameter joining: whether to give the value as one tensor rather than as such halves.
  func callAsFunction(_ halves: [Tensor], condition: Tensor?, joining: Bool) -> (
    values: [Tensor], logDeterminant: Tensor
  ) {
    let taken = halves.count > 2 ? halves[2] : halves[0]
    return coupling(Array(halves.prefix(2)), subnet(input(taken, condition)), joining: joining)
  }

  /// The step backwards; the log-determinant is that of the inverse.
  func inverse(_ y: Tensor, condition: Tensor?) -> Transformed {
    coupling.inverse(y) { subnet(input($0, condition)) }
  }

  private func input(_ x: Tensor, _ condition: Tensor?) -> Tensor {
    guard let condition else { return x }
    let expanded = condition.to(productType).expand([x.size(0), -1, -1, -1])
    return .cat([x.to(productType), expanded], along: 1)
  }
}

/// A subnet of two convolutions with a ReLU between them, as many hidden channels as inputs (Tailanian et al.,
/// arXiv 2211.12353).
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
