import BlemishTorch

/// Vectors, and the search for the nearest of them.
///
/// Of two vectors, a and b, the squared distance is `|a|^2 - 2 ab + |b|^2`. The nearest b is that of the largest
/// `ab - |b|^2 / 2`: a matrix product with an offset. The distance to it is then taken from the vectors themselves, so
/// that it has the same bits whatever the order of the product's sums.
struct MemoryBank: Sendable {
  /// The vectors, `[count, channels]`.
  let vectors: Tensor
  private let blocks: [Block]

  /// Some of the vectors.
  private struct Block {
    let first: Int
    let closeness: FusedLinear
  }

  /// So many vectors are compared at a time on the processor, with as many as ``rows``: what that gives stays close.
  private static let columns = 2048
  private static let rows = 1024

  init(_ vectors: Tensor) {
    self.vectors = vectors
    let count = vectors.size(0)
    let columns = vectors.isOnProcessor ? Self.columns : max(count, 1)
    blocks = stride(from: 0, to: count, by: columns).map { first in
      let block = vectors.narrow(0, from: first, length: min(columns, count - first))
      return Block(
        first: first,
        closeness: FusedLinear(weight: block, bias: block.square().sum([1]) * -0.5, rows: Self.rows))
    }
  }

  /// The nearest vectors of the bank to others, `[n, channels]`: their distances and their indices, `[n]`.
  func nearest(to others: Tensor) -> (distances: Tensor, indices: Tensor) {
    let count = others.size(0)
    let parts = stride(from: 0, to: count, by: Self.rows).map { first in
      nearest(toFew: others.narrow(0, from: first, length: min(Self.rows, count - first)))
    }
    let indices = parts.count == 1 ? parts[0] : Tensor.cat(parts, along: 0)
    let distances = (others - vectors.indexSelect(0, indices)).square().sum([1]).sqrt()
    return (distances, indices)
  }

  private func nearest(toFew others: Tensor) -> Tensor {
    guard others.isOnProcessor else { return blocks[0].closeness(others).maxWithIndices(1).indices }
    let count = others.size(0)
    let best = Tensor.full([count], -.infinity)
    let indices = Tensor.zeros([count], elementType: .int64)
    for block in blocks {
      let closeness = block.closeness(others)
      let columns = closeness.size(1)
      withMemory(of: [closeness, best, indices]) {
        let values = closeness.memory(of: Float.self)
        let (best, indices) = (best.memory(of: Float.self), indices.memory(of: Int64.self))
        inParallel(count) { rows in
          for row in rows {
            let own = values + row * columns
            let largest = largestElement(own, count: columns)
            guard largest > best[row], let place = (0..<columns).first(where: { own[$0] == largest }) else {
              continue
            }
            best[row] = largest
            indices[row] = Int64(block.first + place)
          }
        }
      }
    }
    return indices
  }

  /// The indices of the `count` nearest vectors of the bank to others, `[n, channels]`, or of all where there are fewer:
  /// `[n, count]`.
  func neighbours(of others: Tensor, count: Int) -> Tensor {
    closeness(to: others).topkIndices(min(count, vectors.size(0)))
  }

  /// How close every vector of the bank is to others, `[n, channels]`: half the squared norm of the others less half the
  /// squared distance, `[n, count]`.
  func closeness(to others: Tensor) -> Tensor {
    Tensor.cat(blocks.map { $0.closeness(others) }, along: 1)
  }
}

private func largestElement(_ values: UnsafePointer<Float>, count: Int) -> Float {
  typealias Lanes = SIMD16<Float>
  let raw = UnsafeRawPointer(values)
  var lanes = Lanes(repeating: -.infinity)
  var index = 0
  while index + Lanes.scalarCount <= count {
    let next = raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Float>.stride, as: Lanes.self)
    lanes.replace(with: next, where: next .> lanes)
    index += Lanes.scalarCount
  }
  var largest = lanes.max()
  while index < count {
    largest = max(largest, values[index])
    index += 1
  }
  return largest
}
