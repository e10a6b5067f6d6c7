import BlemishImaging
import Foundation

/// The shape of a region in the picture's own pixels, and in millimetres where a pixel's size is known.
public struct RegionShape: Sendable, Codable, Equatable {
  /// How far a polygon's line may be from the region's own, in pixels.
  public static let tolerance = 1.0

  /// The lines around the region's pieces: corners `[x, y]`, of which (0, 0) is the picture's upper left corner.
  public var polygons: [[[Double]]]
  /// The lines around the holes in them.
  public var holes: [[[Double]]]
  /// How far a line may be from the region's own, in pixels.
  public var tolerance: Double
  /// How long the region is along its main axis, in pixels.
  public var length: Double
  /// How long it is across its main axis, in pixels.
  public var width: Double
  /// The angle of the main axis to the rows, in degrees from -90 to 90, clockwise as the picture is seen.
  public var angle: Double
  /// The length in millimetres, where a pixel's size is known.
  public var lengthMillimetres: Double?
  /// The width in millimetres.
  public var widthMillimetres: Double?
  /// The area in square millimetres.
  public var areaSquareMillimetres: Double?

  private enum CodingKeys: String, CodingKey {
    case polygons, holes, tolerance, length, width, angle
    case lengthMillimetres = "length_mm"
    case widthMillimetres = "width_mm"
    case areaSquareMillimetres = "area_mm2"
  }

  /// The shape of some of a picture's pixels.
  /// - Parameters:
  ///   - region: where they are; their box holds at least one of them.
  ///   - pictureWidth: columns of the picture.
  ///   - pixelSize: the side of a pixel in millimetres; nil where it is not known.
  ///   - isMarked: of a pixel by its index in the picture.
  public init(of region: FoundRegion, pictureWidth: Int, pixelSize: Double?, _ isMarked: (Int) -> Bool) {
    let lines = Polygon.around(x: region.x, y: region.y, width: region.width, height: region.height) { x, y in
      isMarked((region.y + y) * pictureWidth + region.x + x)
    }
    func corners(_ polygon: Polygon) -> [[Double]] {
      polygon.simplified(tolerance: Self.tolerance).corners.map { [$0.x, $0.y] }
    }
    polygons = lines.filter { $0.signedArea > 0 }.map(corners)
    holes = lines.filter { $0.signedArea < 0 }.map(corners)
    tolerance = Self.tolerance

    // The main axis is that of the pixels' second moments.
    let centre = SIMD2(region.centroidX, region.centroidY)
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for y in region.y..<region.y + region.height {
      for x in region.x..<region.x + region.width where isMarked(y * pictureWidth + x) {
        let d = SIMD2(Double(x), Double(y)) - centre
        xx += d.x * d.x
        xy += d.x * d.y
        yy += d.y * d.y
      }
    }
    let radians = 0.5 * atan2(2 * xy, xx - yy)
    let along = SIMD2(cos(radians), sin(radians))
    let across = SIMD2(-along.y, along.x)
    func extent(_ axis: SIMD2<Double>) -> Double {
      let places = lines.flatMap(\.corners).map { ($0 * axis).sum() }
      return (places.max() ?? 0) - (places.min() ?? 0)
    }
    (length, width) = (extent(along), extent(across))
    angle = radians * 180 / .pi
    if let pixelSize {
      lengthMillimetres = length * pixelSize
      widthMillimetres = width * pixelSize
      areaSquareMillimetres = Double(region.area) * pixelSize * pixelSize
    }
  }
}

extension Finding {
  /// The shapes of the regions, in their order.
  /// - Parameter pixelSize: the side of a pixel in millimetres; nil where it is not known.
  public func shapes(pixelSize: Double? = nil) -> [RegionShape] {
    let numbers = outlines.map { outlines in
      Dictionary(zip(outlines.regions.indices.map { Int32($0 + 1) }, outlines.regions)) { first, _ in first }
    }
    let components = outlines == nil ? drawn.connectedComponents : nil
    return regions.map { region in
      if let outlines, let number = numbers?.first(where: { $0.value == region })?.key {
        return RegionShape(of: region, pictureWidth: mask.width, pixelSize: pixelSize) {
          outlines.labels[$0] == number
        }
      }
      return RegionShape(of: region, pictureWidth: mask.width, pixelSize: pixelSize) {
        components?.labels[$0] ?? 0 > 0
      }
    }
  }
}
