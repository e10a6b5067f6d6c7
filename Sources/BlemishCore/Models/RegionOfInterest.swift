import BlemishFiles
import BlemishImaging
import BlemishSupport
import BlemishTorch
import Foundation

/// The part of pictures that matters, such as a part within its fixture: outside it nothing is learnt from, nor judged.
///
/// It lies at the same place in every picture. Pictures of any size share it: it is a mask on a grid of at most 512 rows
/// and columns, and a pixel belongs to it if the cell does in which its centre lies.
public struct RegionOfInterest: Sendable, Equatable {
  /// Where pictures are looked at.
  public let mask: Mask

  /// The region that a mask marks.
  /// - Throws: ``RegionOfInterestError/empty`` where it marks nothing.
  public init(_ mask: Mask) throws {
    let longest = max(mask.width, mask.height)
    func side(_ own: Int) -> Int {
      longest > Self.mostCells ? max(own * Self.mostCells / longest, 1) : own
    }
    self.mask = mask.sampled(width: side(mask.width), height: side(mask.height))
    guard self.mask.pixels.contains(true) else { throw RegionOfInterestError.empty }
  }

  /// The region that a picture marks: what is not black.
  /// - Throws: `PictureError` where the file cannot be read; ``RegionOfInterestError/empty`` where all of it is black.
  public init(contentsOf path: String) throws { try self.init(Mask(contentsOf: path, threshold: 0)) }

  private static let mostCells = 512

  /// Equal regions, and they alone, have the same.
  package var identity: String {
    let pixels = hexadecimal(SHA256.hash(Data(mask.pixels.map { $0 ? 1 : 0 })))
    return "\(mask.height)x\(mask.width) \(pixels)"
  }

  /// The picture, grey outside the region.
  func applied(to picture: Picture) -> Picture {
    let inside = mask.sampled(width: picture.width, height: picture.height).pixels
    func apply<Sample: FixedWidthInteger>(_ values: [Sample]) -> [Sample] {
      var values = values
      for pixel in inside.indices where !inside[pixel] {
        for channel in 0..<picture.channels { values[pixel * picture.channels + channel] = Sample.max / 2 }
      }
      return values
    }
    let samples: Picture.Samples =
      switch picture.samples {
      case .eightBit(let values): .eightBit(apply(values))
      case .sixteenBit(let values): .sixteenBit(apply(values))
      }
    return Picture(
      width: picture.width, height: picture.height, channels: picture.channels, samples: samples,
      notes: picture.notes)
  }

  /// A response that is zero, as good as can be, outside the region. What was said of whole pictures is gone.
  func applied(to response: Response) -> Response {
    Response(
      response.scales.map { scale in
        let (height, width) = (scale.size(2), scale.size(3))
        let inside = mask.sampled(width: width, height: height).pixels
        let share = Tensor(inside.map { $0 ? Float(1) : 0 }, shape: [1, 1, height, width])
        return scale * share.onDevice(of: scale)
      })
  }
}

/// What is wrong with a region of interest.
public enum RegionOfInterestError: Error, Equatable, CustomStringConvertible {
  /// Nothing belongs to it.
  case empty
  /// What a file says of it cannot be.
  case damaged

  /// What is wrong.
  public var description: String {
    switch self {
    case .empty: "the region of interest is empty: its mask is black everywhere"
    case .damaged: "the region of interest is damaged"
    }
  }
}

extension RegionOfInterest: Codable {
  private enum CodingKeys: CodingKey { case width, height, runs }

  /// Reads a region: the lengths of the runs of pixels outside and inside, by turns, row by row.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let (width, height) = (
      try values.decode(Int.self, forKey: .width), try values.decode(Int.self, forKey: .height)
    )
    let sides = 1...Self.mostCells
    guard sides.contains(width), sides.contains(height) else { throw RegionOfInterestError.damaged }
    var pixels: [Bool] = []
    for (index, run) in try values.decode([Int].self, forKey: .runs).enumerated() {
      guard (0...(width * height - pixels.count)).contains(run) else { throw RegionOfInterestError.damaged }
      pixels += repeatElement(!index.isMultiple(of: 2), count: run)
    }
    guard pixels.count == width * height else { throw RegionOfInterestError.damaged }
    try self.init(Mask(width: width, height: height, pixels: pixels))
  }

  /// Writes the region.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(mask.width, forKey: .width)
    try values.encode(mask.height, forKey: .height)
    var runs = [0]
    var isInside = false
    for pixel in mask.pixels {
      if pixel != isInside {
        runs.append(0)
        isInside = pixel
      }
      runs[runs.count - 1] += 1
    }
    try values.encode(runs, forKey: .runs)
  }
}

extension Mask {
  /// The mask at another size; each pixel is the one in which its centre lies.
  fileprivate func sampled(width other: Int, height rows: Int) -> Mask {
    guard (other, rows) != (width, height) else { return self }
    let columns = (0..<other).map { (2 * $0 + 1) * width / (2 * other) }
    return Mask(
      width: other, height: rows,
      pixels: (0..<rows).flatMap { row in
        let first = (2 * row + 1) * height / (2 * rows) * width
        return columns.map { pixels[first + $0] }
      })
  }
}
