import BlemishBackbones
import BlemishImaging
import BlemishSynthesis
import BlemishTorch

/// A batch of labelled pictures, laid out as the network takes it.
struct LabelledBatch: Sendable {
  /// `[count, height, width, 3]`: the channels of a pixel lie side by side, as convolutions are fastest.
  private var pixels: [Float]
  /// `[count, height / stride, width / stride]`: the part of every cell that is defective.
  private var shares: [Float]
  private let count: Int
  private let height: Int
  private let width: Int

  private static let stride = DefectSegmenter<TrainedUnit>.stride

  /// The pictures of these indices.
  init(_ source: some LabelledPictureSource, _ indices: Range<Int>) {
    count = indices.count
    height = source.height
    width = source.width
    pixels = []
    shares = [Float](repeating: 0, count: count * (height / Self.stride) * (width / Self.stride))
    pixels.reserveCapacity(3 * count * height * width)
    for (place, index) in indices.enumerated() { append(source.sample(index), at: place) }
  }

  private mutating func append(_ sample: LabelledPicture, at place: Int) {
    sample.picture.appendNormalized(to: &pixels)
    let (rows, columns) = (height / Self.stride, width / Self.stride)
    let weight = 1 / Float(Self.stride * Self.stride)
    sample.mask.withUnsafeBufferPointer { mask in
      for y in 0..<rows * Self.stride {
        let row = (place * rows + y / Self.stride) * columns
        for x in 0..<columns * Self.stride where mask[y * width + x] > 0 {
          shares[row + x / Self.stride] += weight * mask[y * width + x]
        }
      }
    }
  }

  /// Normalised pictures `[count, 3, height, width]`, channels last in memory.
  func images(on device: Device) -> Tensor {
    Tensor(pixels, shape: [count, height, width, 3]).to(device: device).permute([0, 3, 1, 2])
  }

  /// The defective part of every cell `[count, 1, height / stride, width / stride]`.
  func targets(on device: Device) -> Tensor {
    let shape = [count, 1, height / Self.stride, width / Self.stride]
    return Tensor(shares, shape: shape).to(device: device)
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
