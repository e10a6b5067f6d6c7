import CTorch
import Foundation
import Synchronization

/// A convolution that does not change, with a rectifier and an addition in the same pass over memory; its weight is
/// brought once into the order that the processor is fastest with. Not differentiable.
public struct FusedConvolution: Sendable {
  private let weight: Tensor
  private let bias: Tensor
  private let stride: Int
  private let padding: Int
  private let groups: Int
  private let ceiling: Double?
  private let prepared = PreparedWeight()

  /// A convolution by a weight `[outputs, inputs / groups, kernel, kernel]` and a bias `[outputs]` of the same
  /// type, with zeros around.
  /// - Parameter ceiling: the largest value that the rectifier lets through; nil for no limit.
  public init(
    weight: Tensor, bias: Tensor, stride: Int = 1, padding: Int = 0, groups: Int = 1, ceiling: Double? = nil
  ) {
    self.weight = weight.detach().channelsLast()
    self.bias = bias.detach()
    self.stride = stride
    self.padding = padding
    self.groups = groups
    self.ceiling = ceiling
  }

  /// The convolution of `[batch, channels, height, width]`, channels-last.
  /// - Parameters:
  ///   - rectifying: whether negative results become zero, and those above the ceiling the ceiling.
  ///   - adding: added before the rectifier; its memory, which must not be x's, may take the result.
  public func callAsFunction(_ x: Tensor, rectifying: Bool = false, adding: Tensor? = nil) -> Tensor {
    let winograd =
      ceiling == nil
      ? Winograd(
        x, weight: weight, stride: stride, padding: padding, groups: groups, for: .constantWeight) : nil
    let product =
      adding == nil
      ? PixelProduct(x, weight: weight, stride: stride, padding: padding, groups: groups) : nil
    let prepared = prepared.parts(for: x, asProduct: product != nil) {
      withoutGradient {
        winograd.map { Array($0.filters(weight)) } ?? [product?.reordered(for: x) ?? reordered(for: x)]
      }
    }
    if let winograd {
      return winograd(
        x, filters: prepared, outputs: weight.size(0), bias: bias, rectifying: rectifying, adding: adding)
    }
    if let product {
      return product(x, by: prepared[0], bias: bias, rectifying: rectifying, ceiling: ceiling)
    }
    return x.directConv2d(
      prepared[0], bias: bias, stride: stride, padding: padding, groups: groups, rectifying: rectifying,
      ceiling: ceiling, adding: adding)
  }

  private func reordered(for x: Tensor) -> Tensor {
    guard x.takesFusedOperators, weight.elementType == x.elementType,
      ct_has_operator("mkldnn::_reorder_convolution_weight")
    else { return weight }
    return call(
      "mkldnn::_reorder_convolution_weight", weight, [padding, padding], [stride, stride], [1, 1], groups,
      x.shape)
  }
}

/// A weight in the order that suits one shape of pictures and one kind of operator, in one part or several. A lock guards
/// it; threads with pictures of other shapes replace what is kept, and go on with the parts that they were given. The best
/// order depends on the shape. What a failed operator gave is not kept.
final class PreparedWeight: @unchecked Sendable {
  private let lock = NSLock()
  private var shape: [Int] = []
  private var asProduct = false
  private var parts: [Tensor] = []

  init() { Self.all.withLock { $0[ObjectIdentifier(self)] = Reference(weight: self) } }

  deinit { _ = Self.all.withLock { $0.removeValue(forKey: ObjectIdentifier(self)) } }

  func parts(for x: Tensor, asProduct: Bool, _ prepare: () -> [Tensor]) -> [Tensor] {
    lock.withLock {
      let shape = Array(x.shape.dropFirst())
      if !parts.isEmpty && shape == self.shape && asProduct == self.asProduct { return parts }
      let prepared = prepare()
      if !TorchError.isPending { (self.shape, self.asProduct, parts) = (shape, asProduct, prepared) }
      return prepared
    }
  }

  /// Lets go of all of them until they are asked for again.
  static func releaseAll() {
    for weight in all.withLock({ $0.values.compactMap(\.weight) }) {
      weight.lock.withLock { weight.parts = [] }
    }
  }

  private struct Reference { weak var weight: PreparedWeight? }

  private static let all = Mutex<[ObjectIdentifier: Reference]>([:])
}
