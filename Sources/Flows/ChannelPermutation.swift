import Torch

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

  /// The channels in their old order.
  func inverse(_ y: Tensor) -> Tensor { reordered(y, destinations) }

  /// The columns of a matrix with a row for every pixel: what channels-last memory is.
  private func reordered(_ x: Tensor, _ order: Tensor) -> Tensor {
    let pixels = x.permute([0, 2, 3, 1])
    return pixels.reshape([-1, order.count]).indexSelect(1, order).reshape(pixels.shape).permute([0, 3, 1, 2])
  }
}
