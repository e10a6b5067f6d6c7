import BlemishFiles
import BlemishTorch
import Foundation

/// A convolution whose output has the size of its input, of numbers of the parameters' product type.
///
/// Pictures lie channels-last in memory, and so do weights of 3 x 3: that is what the processor's convolutions are
/// fastest with.
public struct Convolution: Sendable {
  private let weight: Tensor
  private let bias: Tensor
  private let padding: Int
  private let elementType: ElementType
  private let cached = CachedConvolution()

  /// A convolution at a path, initialised evenly within one over the root of the number of inputs.
  /// - Throws: ``ParameterError``.
  public init(_ path: ParameterPath, inputs: Int, outputs: Int, kernel: Int) throws {
    let initial = Initializer.fanIn(inputs * kernel * kernel)
    weight = try path.parameter(
      "weight", [outputs, inputs, kernel, kernel], initial, channelsLast: true)
    bias = try path.parameter("bias", [outputs], initial)
    padding = kernel / 2
    elementType = path.productType
  }

  /// The convolution of `[batch, channels, height, width]`, channels-last, of the product type.
  /// - Parameter rectifying: whether negative results become zero.
  public func callAsFunction(_ x: Tensor, rectifying: Bool = false) -> Tensor {
    Tensor.withDerivative(of: [x, weight, bias]) { needed in
      guard let needed else {
        return ([withCachedWeight(x.channelsLast(elementType), rectifying: rectifying)], { _ in [] })
      }
      cached.release()
      let weight = weight.detach().to(elementType)
      let y = x.channelsLast(elementType).fusedConv2d(
        weight, bias: bias.detach().to(elementType), padding: padding, rectifying: rectifying)
      let output = rectifying ? y.detach() : nil
      // x is kept as it came, which others may keep too, not a copy of another order or type.
      let input = x.detach()
      return (
        [y], { gradients in derivative(gradients[0], input, weight: weight, output: output, needed: needed) }
      )
    }[0]
  }

  /// The convolution without a derivative: its weight is brought into the processor's order only once.
  private func withCachedWeight(_ x: Tensor, rectifying: Bool) -> Tensor {
    let convolution = cached.convolution(versions: [weight.version, bias.version]) {
      FusedConvolution(weight: weight.to(elementType), bias: bias.to(elementType), padding: padding)
    }
    return convolution(x, rectifying: rectifying)
  }

  /// The gradients of input, weight and bias; those of the latter two are the parameters' type.
  private func derivative(
    _ gradient: Tensor?, _ input: Tensor, weight: Tensor, output: Tensor?, needed: [Bool]
  ) -> [Tensor?] {
    guard var gradient = gradient?.channelsLast(elementType) else { return [nil, nil, nil] }
    let x = input.channelsLast(elementType)
    if let output { gradient = gradient.thresholdBackward(output) }
    let forInput =
      needed[0]
      ? gradient.conv2dInputGradient(input: x, weight: weight, padding: padding) : nil
    guard needed[1] || needed[2] else { return [forInput, nil, nil] }
    let (forWeight, forBias) = gradient.conv2dWeightGradient(input: x, weight: weight, padding: padding)
    return [forInput, forWeight.to(.float32), forBias.to(.float32)]
  }
}

/// A fused convolution, kept until the versions of its weight and bias change. One that a failed operator made is not kept.
/// A lock guards it: threads that ask at the same time get one convolution.
final class CachedConvolution: @unchecked Sendable {
  private let lock = NSLock()
  private var versions: [Int] = []
  private var current: FusedConvolution?

  func convolution(versions: [Int], _ make: () -> FusedConvolution) -> FusedConvolution {
    lock.withLock {
      if let current, versions == self.versions { return current }
      let made = make()
      if !TorchError.isPending { (self.versions, current) = (versions, made) }
      return made
    }
  }

  func release() { lock.withLock { current = nil } }
}
