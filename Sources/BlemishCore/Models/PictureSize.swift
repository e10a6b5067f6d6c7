import BlemishBackbones
import BlemishSupport

/// The limits of a model's pictures and maps, checked before anything is made of numbers out of a file, a flag or
/// a picture's shape.
package enum PictureSize {
  /// The most pixels of a picture at the backbone, and of a map.
  package static let maximumPixelCount = 1 << 26

  /// Smaller tiles show too little of what is around a place.
  package static let smallestTile = 64

  /// The shortest side of a picture in which there is something to be seen.
  package static let smallestSide = 8

  /// Checks a size at the backbone.
  /// - Parameter tile: the side of the tiles that pictures are seen in; nil where they are seen whole.
  /// - Throws: ``PictureSizeError``.
  package static func check(
    height: Int, width: Int, tile: Int? = nil, for backbone: BackboneDescription
  ) throws(PictureSizeError) {
    guard isPossible(height, width) else { throw .tooLarge(height: height, width: width) }
    let multiple = multiple(for: backbone, tiled: tile != nil)
    if let tile, tile % multiple != 0 || tile < smallestTile {
      throw .tile(tile, multiple: multiple, least: smallestTile)
    }
    guard height % multiple == 0, width % multiple == 0 else {
      throw .notMultiple(height: height, width: width, multiple: multiple, backbone: backbone.name)
    }
  }

  /// Checks the size at which maps are evaluated.
  /// - Throws: ``PictureSizeError/tooLarge(height:width:)``.
  package static func check(mapHeight: Int, mapWidth: Int) throws(PictureSizeError) {
    guard isPossible(mapHeight, mapWidth) else { throw .tooLarge(height: mapHeight, width: mapWidth) }
  }

  /// What the sides of pictures must be multiples of.
  package static func multiple(for backbone: BackboneDescription, tiled: Bool) -> Int {
    tiled ? max(backbone.sizeMultiple, TileGrid.multiple) : backbone.sizeMultiple
  }

  /// The size at which maps are evaluated: the shorter side given, the other in proportion.
  static func map(height: Int, width: Int, shorterSide: Int?) -> (height: Int, width: Int) {
    guard let side = shorterSide else { return (height, width) }
    let shorter = min(height, width)
    return ((height * side + shorter / 2) / shorter, (width * side + shorter / 2) / shorter)
  }

  private static func isPossible(_ height: Int, _ width: Int) -> Bool {
    let sides = 1...maximumPixelCount
    return sides ~= height && sides ~= width && height <= maximumPixelCount / width
  }
}

/// What is wrong with the size of pictures, tiles or maps.
public enum PictureSizeError: Error, Equatable, CustomStringConvertible {
  /// There are more pixels than can be worked on, or none.
  case tooLarge(height: Int, width: Int)
  /// The backbone needs sides that are multiples of a number.
  case notMultiple(height: Int, width: Int, multiple: Int, backbone: String)
  /// The side of tiles is too small, or no multiple of a number.
  case tile(Int, multiple: Int, least: Int)
  /// The detector cannot see pictures in tiles on this backbone: its coarsest cells are too wide.
  case cells(detector: String, backbone: String, pixels: Int)
  /// A picture shows too little to be judged.
  case tooSmall(path: String, height: Int, width: Int, least: Int)

  /// The nearest size that the backbone can work at, where the size is no multiple of a number.
  public var nearest: (height: Int, width: Int)? {
    guard case .notMultiple(let height, let width, let multiple, _) = self else { return nil }
    func nearest(_ side: Int) -> Int { max((side + multiple / 2) / multiple, 1) * multiple }
    return (nearest(height), nearest(width))
  }

  /// What is wrong.
  public var description: String {
    switch self {
    case .tooLarge(let height, let width):
      "\(height)x\(width) pixels cannot be worked on: from 1 to \(PictureSize.maximumPixelCount) can; choose another "
        + "size, or cut the pictures"
    case .notMultiple(let height, let width, let multiple, let backbone):
      "the backbone \(backbone) needs pictures whose sides are multiples of \(multiple), not \(height)x\(width); the "
        + "nearest such size is \(nearest?.height ?? 0)x\(nearest?.width ?? 0)"
    case .tile(let side, let multiple, let least):
      "the side of tiles must be a multiple of \(multiple) of at least \(least), not \(side)"
    case .cells(let detector, let backbone, let pixels):
      "\(detector) on \(backbone) cannot see pictures in tiles: a cell of its coarsest map is \(pixels) pixels wide; "
        + "see them whole, or take another backbone"
    case .tooSmall(let path, let height, let width, let least):
      "\(printable(path)): \(width) x \(height) pixels show too little to be judged; pictures need at least \(least) a side"
    }
  }
}
