import Backbones
import Imaging
import Synthesis
import Torch

/// A batch of labelled pictures, laid out as the network takes it.
struct LabelledBatch: Sendable {
  /// `[count, side, side, 3]`: the channels of a pixel lie side by side, as convolutions are fastest.
  private var pixels: [Float]
  /// `[count, side / stride, side / stride]`: the part of every cell that is defective.
  private var shares: [Float]
  private let count: Int
  private let side: Int

  private static let stride = DefectSegmenter<TrainedUnit>.stride

  /// The pictures of these indices.
  init(_ source: some LabelledPictureSource, _ indices: Range<Int>) {
    count = indices.count
    side = source.side
    let cells = side / Self.stride
    pixels = []
    shares = [Float](repeating: 0, count: count * cells * cells)
    pixels.reserveCapacity(3 * count * side * side)
    for (place, index) in indices.enumerated() { append(source.sample(index), at: place) }
  }

  private mutating func append(_ sample: LabelledPicture, at place: Int) {
    sample.picture.appendNormalized(to: &pixels)
    let cells = side / Self.stride
    let weight = 1 / Float(Self.stride * Self.stride)
    sample.mask.withUnsafeBufferPointer { mask in
      for y in 0..<cells * Self.stride {
        let row = (place * cells + y / Self.stride) * cells
        for x in 0..<cells * Self.stride where mask[y * side + x] > 0 {
          shares[row + x / Self.stride] += weight * mask[y * side + x]
        }
      }
    }
  }

  /// Normalised pictures `[count, 3, side, side]`, channels last in memory.
  func images(on device: Device) -> Tensor {
    Tensor(pixels, shape: [count, side, side, 3]).to(device: device).permute([0, 3, 1, 2])
  }

  /// The defective part of every cell `[count, 1, side / stride, side / stride]`.
  func targets(on device: Device) -> Tensor {
    let cells = side / Self.stride
    return Tensor(shares, shape: [count, 1, cells, cells]).to(device: device)
  }
}

extension FloatPicture {
  /// Adds the pixels as networks trained on ImageNet take them, `[height, width, 3]`; a grey one fills all three.
  fileprivate func appendNormalized(to pixels: inout [Float]) {
    let scales = NormalizedPicture.standardDeviation.map { 1 / $0 }
    let offsets = zip(NormalizedPicture.mean, NormalizedPicture.standardDeviation).map { -$0 / $1 }
    let (green, blue) = channels == 1 ? (0, 0) : (pixelCount, 2 * pixelCount)
    values.withUnsafeBufferPointer { values in
      for pixel in 0..<pixelCount {
        pixels.append(values[pixel] * scales[0] + offsets[0])
        pixels.append(values[green + pixel] * scales[1] + offsets[1])
        pixels.append(values[blue + pixel] * scales[2] + offsets[2])
      }
    }
  }
}

extension Tensor {
  /// Pictures of one size as normalised ones `[count, 3, height, width]`, channels last in memory.
  init(normalizing pictures: [FloatPicture], on device: Device) {
    var pixels: [Float] = []
    for picture in pictures { picture.appendNormalized(to: &pixels) }
    let (height, width) = (pictures.first?.height ?? 0, pictures.first?.width ?? 0)
    self = Tensor(pixels, shape: [pictures.count, height, width, 3]).to(device: device).permute([0, 3, 1, 2])
  }
}
