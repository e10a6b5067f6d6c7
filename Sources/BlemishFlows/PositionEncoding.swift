import BlemishTorch
import Foundation

extension Tensor {
  /// A sine and cosine code of every pixel's place, `[1, channels, height, width]` (Vaswani et al.,
  /// arXiv 1706.03762, section 3.5, in two dimensions).
  ///
  /// The first half of the channels tells the column, the second half the row; in each half sine and cosine
  /// alternate, over wavelengths from 2 pi to 10000 * 2 pi pixels.
  /// - Parameter channels: a multiple of four.
  public static func positionEncoding(channels: Int, height: Int, width: Int, device: Device = .cpu) -> Tensor
  {
    precondition(channels % 4 == 0, "a position encoding of \(channels) channels has no four equal parts")
    let half = channels / 2
    let exponents = arange(half / 2) * (-2 * Foundation.log(10_000.0) / Double(half))
    let frequencies = exponents.exp().reshape([half / 2, 1])

    /// `[half, count]`: the code of the places 0 to `count` - 1.
    func code(_ count: Int) -> Tensor {
      let phases = frequencies * arange(count)
      return stack([phases.sin(), phases.cos()], along: 1).reshape([half, count])
    }
    let columns = code(width).reshape([1, half, 1, width]).expand([1, half, height, width])
    let rows = code(height).reshape([1, half, height, 1]).expand([1, half, height, width])
    return cat([columns, rows], along: 1).to(device: device)
  }
}
