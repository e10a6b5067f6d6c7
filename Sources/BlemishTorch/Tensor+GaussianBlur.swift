import Foundation

extension Tensor {
  /// The Gaussian blur of maps `[batch, 1, height, width]`: a convolution along the columns, then one along the rows. The
  /// Gaussian is cut off at four standard deviations, and maps go on mirrored behind their borders, whose pixels are
  /// repeated, however small they are.
  /// - Parameter sigma: its standard deviation, in pixels.
  public func gaussianBlur(sigma: Double) -> Tensor {
    let radius = Int(4 * sigma + 0.5)
    let weights = (-radius...radius).map { Foundation.exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let sum = weights.reduce(0, +)
    let kernel = Tensor(weights.map { Float($0 / sum) }, shape: [1, 1, weights.count, 1]).onDevice(of: self)
    return mirrored(along: 2, by: radius).conv2d(kernel).mirrored(along: 3, by: radius)
      .conv2d(kernel.transpose(2, 3))
  }

  /// Goes on behind both ends of a dimension with what lies before them in reverse, the last slices repeated.
  private func mirrored(along dimension: Int, by length: Int) -> Tensor {
    let size = size(dimension)
    // Of an operator that failed.
    guard size > 0 else { return self }
    let indices = (-length..<size + length).map { place -> Int64 in
      let turn = ((place % (2 * size)) + 2 * size) % (2 * size)
      return Int64(turn < size ? turn : 2 * size - 1 - turn)
    }
    return indexSelect(dimension, Tensor(indices, shape: [indices.count]).onDevice(of: self))
  }
}
