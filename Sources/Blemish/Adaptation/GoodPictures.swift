import Imaging
import Synthesis
import Torch

/// Good pictures at a model's size, with a byte a sample, so that many fit in memory.
struct GoodPictures: Sendable {
  let width: Int
  let height: Int
  /// `[channels, height, width]` of every picture; grey ones have one channel.
  private let samples: [[UInt8]]

  /// How many bytes the pictures may take; of more, some are drawn.
  private static let memoryLimit = 1 << 30

  /// Reads pictures; of more than fit in memory, as many as do, drawn by the seed.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when stopped.
  init(
    of paths: [String], _ configuration: ModelConfiguration, seed: UInt64,
    progress: (Int) -> Bool = { _ in false }
  ) throws {
    width = configuration.width
    height = configuration.height
    let most = max(Self.memoryLimit / (3 * width * height), 1)
    var random = RandomStream(seed: seed, name: "adaptation pictures")
    let chosen = paths.count > most ? Array(paths.shuffled(using: &random).prefix(most)) : paths
    var samples: [[UInt8]] = []
    try configuration.forEachBatch(of: chosen, size: 8) { batch in
      for picture in batch { samples.append(Self.bytes(try picture.get().planes)) }
      if progress(samples.count) { throw CancellationError() }
    }
    self.samples = samples
  }

  var count: Int { samples.count }

  /// Undoes the normalisation; three equal channels become one.
  private static func bytes(_ picture: NormalizedPicture) -> [UInt8] {
    let pixels = picture.width * picture.height
    let bytes = [UInt8](unsafeUninitializedCapacity: 3 * pixels) { buffer, count in
      picture.values.withUnsafeBufferPointer { values in
        for channel in 0..<3 {
          let mean = NormalizedPicture.mean[channel] * 255
          let scale = NormalizedPicture.standardDeviation[channel] * 255
          for index in channel * pixels..<(channel + 1) * pixels {
            buffer[index] = UInt8(min(max((values[index] * scale + mean).rounded(), 0), 255))
          }
        }
      }
      count = 3 * pixels
    }
    let isGrey = bytes[..<pixels] == bytes[pixels..<2 * pixels] && bytes[..<pixels] == bytes[(2 * pixels)...]
    return isGrey ? Array(bytes[..<pixels]) : bytes
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
