import BlemishImaging
import Foundation

/// A change of the light on a whole picture and of the camera's response to it, as lamps and exposures bring it. No part
/// of a picture is changed more than those beside it.
public struct Lighting: Sendable, Equatable {
  /// All values are multiplied by this.
  public var gain: Float = 1
  /// The factors of red, green and blue beside it; grey pictures have none.
  public var colour: [Float] = [1, 1, 1]
  /// Values, of 1 from black to white, are raised to this power first.
  public var gamma: Float = 1
  /// Added to all values, of 1 from black to white.
  public var offset: Float = 0
  /// How much more light there is at the right border, and less at the left one, as a part of the middle's.
  public var across: Float = 0
  /// The same from above to below.
  public var down: Float = 0

  /// No change.
  public init() {}

  /// A change as lamps bring it, drawn at random: up to a seventh of the light, an eighth of the exponent and a tenth
  /// more on one side than in the middle.
  public init(_ random: inout SynthesisRandom) {
    gain = exp(random.uniform(-0.14, 0.14))
    colour = (0..<3).map { _ in exp(random.uniform(-0.03, 0.03)) }
    gamma = exp(random.uniform(-0.12, 0.12))
    offset = random.uniform(-0.03, 0.03)
    across = random.uniform(-0.1, 0.1)
    down = random.uniform(-0.1, 0.1)
  }

  /// The picture in this light, with the samples' number of bits; what is too bright is white.
  public func callAsFunction(_ picture: Picture) -> Picture {
    let samples: Picture.Samples =
      switch picture.samples {
      case .eightBit(let values): .eightBit(lit(values, picture))
      case .sixteenBit(let values): .sixteenBit(lit(values, picture))
      }
    return Picture(
      width: picture.width, height: picture.height, channels: picture.channels, samples: samples,
      notes: picture.notes)
  }

  private func lit<Sample: FixedWidthInteger & Sendable>(_ values: [Sample], _ picture: Picture) -> [Sample] {
    let (width, channels) = (picture.width, picture.channels)
    let most = Float(Sample.max)
    let tones = (0...Int(Sample.max)).map { pow(Float($0) / most, gamma) * gain * most }
    let colours = channels == 3 ? colour : Array(repeating: 1, count: channels)
    return [Sample](unsafeUninitializedCapacity: values.count) { buffer, count in
      values.withUnsafeBufferPointer { values in
        var place = 0
        for y in 0..<picture.height {
          let row = 1 + slope(down, y, picture.height)
          for x in 0..<width {
            let light = row + slope(across, x, width)
            for channel in 0..<channels {
              let value = tones[Int(values[place])] * light * colours[channel] + offset * most
              buffer[place] = Sample(min(max(value.rounded(), 0), most))
              place += 1
            }
          }
        }
      }
      count = values.count
    }
  }

  /// Changes a picture to what it is in this light.
  public func change(_ picture: inout FloatPicture) {
    let (width, height) = (picture.width, picture.height)
    let colours = picture.channels == 3 ? colour : Array(repeating: 1, count: picture.channels)
    var place = 0
    for channel in 0..<picture.channels {
      for y in 0..<height {
        let row = 1 + slope(down, y, height)
        for x in 0..<width {
          let tone = pow(max(picture.values[place], 0), gamma) * gain * colours[channel]
          picture.values[place] = min(max(tone * (row + slope(across, x, width)) + offset, 0), 1)
          place += 1
        }
      }
    }
  }

  private func slope(_ most: Float, _ place: Int, _ count: Int) -> Float {
    most * (2 * (Float(place) + 0.5) / Float(count) - 1)
  }
}
