import BlemishAContrario
import BlemishTorch

extension Tensor {
  /// The energies of a response `[batch, channels, height, width]`: the sum of squares over the channels of every place,
  /// `[batch, height, width]`; in one pass over memory where they lie channels-last, as flows leave them.
  package var energies: Tensor {
    guard isOnProcessor else { return square().sum([1]) }
    let z = detach().channelsLast(.float32)
    let (channels, width) = (z.size(1), z.size(3))
    let sums = Tensor.zeros([z.size(0), z.size(2), width], like: z)
    withMemory(of: [z, sums]) {
      let (source, target) = (z.memory(of: Float.self), sums.memory(of: Float.self))
      inParallel(z.size(0) * z.size(2)) { rows in
        for pixel in rows.lowerBound * width..<rows.upperBound * width {
          target[pixel] = sumOfSquares(source + pixel * channels, count: channels)
        }
      }
    }
    return sums
  }
}

private func sumOfSquares(_ values: UnsafePointer<Float>, count: Int) -> Float {
  typealias Lanes = SIMD16<Float>
  let raw = UnsafeRawPointer(values)
  var sums = Lanes.zero
  var index = 0
  while index + Lanes.scalarCount <= count {
    let lanes = raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Float>.stride, as: Lanes.self)
    sums += lanes * lanes
    index += Lanes.scalarCount
  }
  var sum = sums.sum()
  while index < count {
    sum += values[index] * values[index]
    index += 1
  }
  return sum
}

/// The energies of a batch of pictures at every scale, in plain memory.
package struct BatchEnergies: Sendable {
  private let scales: [(channels: Int, height: Int, width: Int, values: [Float])]

  /// The energies of a response `[batch, channels, height, width]`, one tensor a scale.
  package init(_ response: [Tensor]) {
    scales = response.map { ($0.size(1), $0.size(2), $0.size(3), $0.energies.floats) }
  }

  /// What a test needs of one picture of the batch, scale by scale.
  /// - Throws: `AContrarioError` where an energy is not finite.
  package func picture(_ index: Int) throws(AContrarioError) -> [ScaleEnergies] {
    var picture: [ScaleEnergies] = []
    for scale in scales {
      let count = scale.height * scale.width
      picture.append(
        try ScaleEnergies(
          Array(scale.values[index * count..<(index + 1) * count]), channels: scale.channels,
          height: scale.height, width: scale.width))
    }
    return picture
  }
}
