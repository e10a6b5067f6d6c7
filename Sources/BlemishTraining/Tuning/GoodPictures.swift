import BlemishImaging
import BlemishSupport
import BlemishSynthesis

/// Good pictures at a model's size, with a byte a sample, so that many fit in memory.
struct GoodPictures: Sendable {
  let width: Int
  let height: Int
  /// `[channels, height, width]` of every picture; grey ones have one channel.
  private let samples: [[UInt8]]

  /// How many bytes the pictures may take; of more, some are drawn.
  private static let memoryLimit = 1 << 30

  /// Some of a training's pictures; of more than fit in memory, as many as do, drawn by the seed.
  /// - Throws: the error of a picture that can no longer be read; `CancellationError` when the task was cancelled.
  init(
    of pictures: TrainingPictures, _ indices: [Int], seed: UInt64, progress: (Int) -> Void = { _ in }
  ) throws {
    width = pictures.preprocessor.width
    height = pictures.preprocessor.height
    let most = max(Self.memoryLimit / (3 * width * height), 1)
    var random = RandomStream(seed: seed, name: "adaptation pictures")
    let chosen = indices.count > most ? Array(indices.shuffled(using: &random).prefix(most)) : indices
    var samples: [[UInt8]] = []
    for start in stride(from: 0, to: chosen.count, by: 8) {
      try Task.checkCancellation()
      let batch = Array(chosen[start..<min(start + 8, chosen.count)])
      samples += try pictures.pictures(batch).map(Self.planes)
      progress(samples.count)
    }
    self.samples = samples
  }

  var count: Int { samples.count }

  /// The samples plane by plane, with 8 bits each; three equal channels become one.
  private static func planes(_ picture: Picture) -> [UInt8] {
    let (pixels, channels) = (picture.width * picture.height, picture.channels)
    let samples = picture.eightBitSamples
    guard channels == 3 else { return samples }
    let planes = [UInt8](unsafeUninitializedCapacity: 3 * pixels) { buffer, count in
      for channel in 0..<3 {
        for pixel in 0..<pixels { buffer[channel * pixels + pixel] = samples[3 * pixel + channel] }
      }
      count = 3 * pixels
    }
    let isGrey =
      planes[..<pixels] == planes[pixels..<2 * pixels] && planes[..<pixels] == planes[(2 * pixels)...]
    return isGrey ? Array(planes[..<pixels]) : planes
  }

  /// A part of a picture, drawn evenly among those of its size; the picture itself where it is no larger.
  func crop(_ index: Int, height: Int, width: Int, _ random: inout SynthesisRandom) -> FloatPicture {
    let (x, y) = (random.below(self.width - width + 1), random.below(self.height - height + 1))
    let source = samples[index]
    let channels = source.count / (self.width * self.height)
    let values = [Float](unsafeUninitializedCapacity: channels * width * height) { buffer, count in
      source.withUnsafeBufferPointer { source in
        var place = 0
        for channel in 0..<channels {
          for row in 0..<height {
            let start = (channel * self.height + y + row) * self.width + x
            for column in 0..<width {
              buffer[place] = Float(source[start + column]) * (1 / 255)
              place += 1
            }
          }
        }
      }
      count = channels * width * height
    }
    return FloatPicture(width: width, height: height, channels: channels, values: values)
  }
}
