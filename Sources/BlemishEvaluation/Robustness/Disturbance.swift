import BlemishImaging
import BlemishSynthesis
import Foundation

/// A change of a whole picture that says nothing of the part in it: of the light, the lens, the camera, the file.
public enum Disturbance: String, Sendable, Codable, CaseIterable {
  /// Less light.
  case darker
  /// More light.
  case brighter
  /// Stray light: the same is added to all values.
  case offset
  /// Another response of the camera: values are raised to a power.
  case gamma
  /// More red and less blue.
  case colour
  /// Less light on the left than on the right.
  case gradient
  /// A lens out of focus.
  case blur
  /// A part that lies further to the right and below.
  case shift
  /// Noise of the sensor.
  case noise
  /// A file with losses.
  case jpeg

  /// How strong it is at the three strengths: light as a part of all light, values of 1 from black to white, exponents less
  /// one, the gradient's part of the light at the borders, the blur's standard deviation and the shift in pixels, the noise's
  /// standard deviation, JPEG's quality.
  public var strengths: [Double] {
    switch self {
    case .darker, .brighter, .gamma: [0.05, 0.1, 0.2]
    case .offset: [0.02, 0.04, 0.08]
    case .colour: [0.02, 0.05, 0.1]
    case .gradient: [0.05, 0.1, 0.2]
    case .blur: [0.5, 0.75, 1]
    case .shift: [1, 2, 4]
    case .noise: [0.005, 0.01, 0.02]
    case .jpeg: [95, 85, 70]
    }
  }

  /// A picture with the disturbance.
  /// - Parameters:
  ///   - strength: how strong it is; see ``strengths``.
  ///   - random: draws the noise.
  /// - Throws: `PictureError` where a picture cannot be written or read as JPEG.
  func callAsFunction(
    _ picture: Picture, strength: Double, _ random: inout SynthesisRandom
  ) throws -> Picture {
    let amount = Float(strength)
    var lighting = Lighting()
    switch self {
    case .darker: lighting.gain = 1 - amount
    case .brighter: lighting.gain = 1 + amount
    case .offset: lighting.offset = amount
    case .gamma: lighting.gamma = 1 + amount
    case .colour: lighting.colour = [1 + amount, 1, 1 - amount]
    case .gradient: lighting.across = amount
    case .blur: return picture.eightBit.blurred(deviation: amount)
    case .shift: return picture.eightBit.shifted(by: Int(strength))
    case .noise: return picture.eightBit.noisy(deviation: 255 * amount, &random)
    case .jpeg:
      return try Picture(decoding: picture.jpegData(quality: Int(strength)), name: "\(rawValue)")
    }
    return lighting(picture)
  }
}

extension Picture {
  fileprivate var eightBit: EightBit {
    EightBit(width: width, height: height, channels: channels, values: eightBitSamples)
  }
}

/// A picture's samples, channels side by side.
private struct EightBit {
  let width: Int
  let height: Int
  let channels: Int
  let values: [UInt8]

  private func picture(_ values: [UInt8]) -> Picture {
    Picture(width: width, height: height, channels: channels, samples: .eightBit(values))
  }

  /// What leaves the picture is lost; the first row and column are repeated.
  func shifted(by pixels: Int) -> Picture {
    var result = values
    for y in 0..<height {
      for x in 0..<width {
        let source = (max(y - pixels, 0) * width + max(x - pixels, 0)) * channels
        for channel in 0..<channels {
          result[(y * width + x) * channels + channel] = values[source + channel]
        }
      }
    }
    return picture(result)
  }

  func noisy(deviation: Float, _ random: inout SynthesisRandom) -> Picture {
    picture(values.map { UInt8(min(max((Float($0) + deviation * random.normal()).rounded(), 0), 255)) })
  }

  func blurred(deviation: Float) -> Picture {
    let reach = Int((3 * deviation).rounded(.up))
    let weights = (-reach...reach).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
    let sum = weights.reduce(0, +)
    /// Blurs along lines of so many samples that lie `step` apart.
    func pass(_ source: [Float], count: Int, step: Int) -> [Float] {
      var result = source
      source.withUnsafeBufferPointer { source in
        for place in source.indices {
          let position = place / step % count
          var value: Float = 0
          for (offset, weight) in weights.enumerated() {
            let other = min(max(position + offset - reach, 0), count - 1)
            value += weight * source[place + (other - position) * step]
          }
          result[place] = value / sum
        }
      }
      return result
    }
    let across = pass(values.map(Float.init), count: width, step: channels)
    let both = pass(across, count: height, step: channels * width)
    return picture(both.map { UInt8(min(max($0.rounded(), 0), 255)) })
  }
}
