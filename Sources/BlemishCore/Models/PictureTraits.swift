import BlemishImaging
import Foundation

/// What a picture is like as a whole, whatever it shows.
public struct PictureTraits: Sendable, Equatable {
  /// The mean grey level, 0 to 1.
  public var brightness: Double
  /// The standard deviation of the grey levels.
  public var contrast: Double
  /// The mean of red less green.
  public var redness: Double
  /// The mean of blue less green.
  public var blueness: Double
  /// The natural logarithm of columns over rows.
  public var shape: Double
  /// The natural logarithm of the number of pixels.
  public var size: Double

  /// The traits of a picture.
  /// - Parameters:
  ///   - picture: its pixels, at any size.
  ///   - width: the columns of the picture itself.
  ///   - height: the rows of the picture itself.
  public init(_ picture: Picture, width: Int, height: Int) {
    let (channels, count) = (picture.channels, picture.width * picture.height)
    var sums = SIMD3<Double>.zero
    var squares = 0.0
    func add(_ red: Double, _ green: Double, _ blue: Double) {
      sums += [red, green, blue]
      let grey = (red + green + blue) / 3
      squares += grey * grey
    }
    func add<Value: BinaryInteger>(_ values: [Value]) {
      values.withUnsafeBufferPointer { values in
        for pixel in 0..<count {
          let first = Double(values[pixel * channels])
          add(
            first, channels == 3 ? Double(values[pixel * 3 + 1]) : first,
            channels == 3 ? Double(values[pixel * 3 + 2]) : first)
        }
      }
    }
    switch picture.samples {
    case .eightBit(let values): add(values)
    case .sixteenBit(let values): add(values)
    }
    let white = Double(picture.samples.maximum)
    let means = sums / (Double(count) * white)
    brightness = (means.x + means.y + means.z) / 3
    contrast = max(squares / (Double(count) * white * white) - brightness * brightness, 0).squareRoot()
    redness = means.x - means.y
    blueness = means.z - means.y
    shape = log(Double(width) / Double(height))
    size = log(Double(width) * Double(height))
  }
}

/// Why a picture is unlike those that a model was trained on.
public enum Unlikeness: String, Sendable, Codable, CaseIterable {
  /// It is darker or brighter than any.
  case brightness
  /// Its contrast is lower or higher.
  case contrast
  /// Its colours are others.
  case colors
  /// Its sides have another ratio, so that it is squeezed.
  case shape
  /// It has many times more or fewer pixels.
  case size
  /// Most of it is farther from what is usual than defects are.
  case features
}

/// The traits of the pictures that a model was trained on: how they lie, trait by trait.
public struct TrainingTraits: Sendable, Codable, Equatable {
  /// The values of one trait.
  struct Range: Sendable, Codable, Equatable {
    var least: Double
    var most: Double

    init(_ values: [Double]) {
      least = values.min() ?? 0
      most = values.max() ?? 0
    }

    /// Whether a value is farther outside than the range is wide, and than a least distance.
    func isFar(_ value: Double, atLeast distance: Double) -> Bool {
      let slack = max(most - least, distance)
      return value < least - slack || value > most + slack
    }
  }

  private var brightness: Range
  private var contrast: Range
  private var redness: Range
  private var blueness: Range
  private var shape: Range
  private var size: Range

  /// How the traits of pictures lie; nil without pictures.
  public init?(_ traits: [PictureTraits]) {
    guard !traits.isEmpty else { return nil }
    brightness = Range(traits.map(\.brightness))
    contrast = Range(traits.map(\.contrast))
    redness = Range(traits.map(\.redness))
    blueness = Range(traits.map(\.blueness))
    shape = Range(traits.map(\.shape))
    size = Range(traits.map(\.size))
  }

  /// In what a picture is unlike all of them. What lies outside by no more than they differ among each other, or by
  /// little, is alike: a sixth of all grey levels, half the contrast, a tenth of a colour, a fifth of a side, ten times
  /// the pixels.
  func unlikeness(of picture: PictureTraits) -> [Unlikeness] {
    var found: [Unlikeness] = []
    if brightness.isFar(picture.brightness, atLeast: 1.0 / 6) { found.append(.brightness) }
    if picture.contrast < contrast.least / 2 - 0.01 || picture.contrast > contrast.most * 2 + 0.01 {
      found.append(.contrast)
    }
    if redness.isFar(picture.redness, atLeast: 0.1) || blueness.isFar(picture.blueness, atLeast: 0.1) {
      found.append(.colors)
    }
    if shape.isFar(picture.shape, atLeast: log(1.2)) { found.append(.shape) }
    if size.isFar(picture.size, atLeast: log(10)) { found.append(.size) }
    return found
  }
}
