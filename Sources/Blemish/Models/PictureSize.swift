import Backbones

/// The limits of a model's pictures and maps, checked before anything is made of numbers out of a file, a flag or
/// a picture's shape.
enum PictureSize {
  /// The most pixels of a picture at the backbone, and of a map.
  static let maximumPixelCount = 1 << 26

  /// Smaller tiles show too little of what is around a place.
  static let smallestTile = 64

  /// Checks a size at the backbone.
  /// - Parameter tile: the side of the tiles that pictures are seen in; nil where they are seen whole.
  /// - Throws: ``ConfigurationError``.
  static func check(height: Int, width: Int, tile: Int? = nil, for backbone: BackboneDescription) throws {
    try check(height: height, width: width, of: "pictures")
    let multiple = tile == nil ? backbone.sizeMultiple : max(backbone.sizeMultiple, TileGrid.multiple)
    if let tile, tile % multiple != 0 || tile < smallestTile {
      throw ConfigurationError(
        "The side of tiles must be a multiple of \(multiple) of at least \(smallestTile), not \(tile).")
    }
    guard height % multiple == 0, width % multiple == 0 else {
      func nearest(_ side: Int) -> Int { max((side + multiple / 2) / multiple, 1) * multiple }
      throw ConfigurationError(
        "The backbone \(backbone.name) needs pictures whose sides are multiples of \(multiple), not "
          + "\(height)x\(width); take --size \(nearest(height))x\(nearest(width))"
      )
    }
  }

  /// Checks the size at which maps are evaluated.
  /// - Throws: ``ConfigurationError``.
  static func check(mapHeight: Int, mapWidth: Int) throws {
    try check(height: mapHeight, width: mapWidth, of: "maps")
  }

  private static func check(height: Int, width: Int, of what: String) throws {
    let sides = 1...maximumPixelCount
    guard sides ~= height, sides ~= width, height * width <= maximumPixelCount else {
      throw ConfigurationError(
        "\(what) of \(height)x\(width) cannot be worked on: at most \(maximumPixelCount) pixels can; "
          + "choose another --size, or cut the pictures"
      )
    }
  }
}
