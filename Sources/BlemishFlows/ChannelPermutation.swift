import BlemishTorch

/// A fixed permutation of channels: an invertible step whose log-determinant is zero.
struct ChannelPermutation {
  /// For each place the channel that comes there.
  let order: [Int32]
  private let sources: Tensor
  private let destinations: Tensor

  /// The permutation `permutation` at a path, random unless the weights give it.
  /// - Throws: ``ParameterError``.
  init(_ path: ParameterPath, channels: Int) throws {
    let sources = try path.permutation("permutation", channels)
    var destinations = sources
    for (destination, source) in sources.enumerated() { destinations[source] = destination }
    order = sources.map(Int32.init)
    self.sources = Tensor(sources.map(Int64.init), shape: [channels]).to(device: path.device)
    self.destinations = Tensor(destinations.map(Int64.init), shape: [channels]).to(device: path.device)
  }

  /// `[batch, channels, height, width]` with the channels in their new order.
  func callAsFunction(_ x: Tensor) -> Tensor { reordered(x, sources) }

  /// The same in two parts, the first of so many channels, each with memory of its own. Its derivative picks from the
  /// gradients where the recorded one would add to zeros.
  func halves(_ x: Tensor, first: Int) -> [Tensor] {
    Tensor.withDerivative(of: [x]) { _ in
      let x = x.detach()
      let halves = [(0, first), (first, order.count - first)].map { start, length in
        reordered(x, sources.narrow(0, from: start, length: length))
      }
      let shapes = halves.map(\.shape)
      return (
        halves,
        { gradients in
          let all = zip(gradients, shapes).map { $0 ?? .zeros($1, like: x) }
          return [inverse(.cat(all, along: 1))]
        }
      )
    }
  }

  /// The channels in their old order.
  func inverse(_ y: Tensor) -> Tensor { reordered(y, destinations) }

  /// The columns of a matrix with a row for every pixel: what channels-last memory is.
  private func reordered(_ x: Tensor, _ order: Tensor) -> Tensor {
    let pixels = x.permute([0, 2, 3, 1])
    let shape = pixels.shape.dropLast() + [order.count]
    return pixels.reshape([-1, x.size(1)]).indexSelect(1, order).reshape(Array(shape)).permute([0, 3, 1, 2])
  }
}
