import BlemishTorch

/// Overlapping tiles of one size that cover a picture which is to be seen at its own resolution. A detector sees
/// every tile by itself; what it gives is faded from tile to tile where they overlap, so that no seam shows.
package struct TileGrid: Equatable, Sendable {
  /// The first row and the first column of every row and column of tiles, in pixels of the picture.
  package let rows: [Int]
  package let columns: [Int]
  /// Rows and columns of a tile.
  package let tileHeight: Int
  package let tileWidth: Int
  private let height: Int
  private let width: Int

  /// Sides of pictures and tiles, and the places of tiles, are multiples of this: the cells of a backbone's maps, and of
  /// those that a detector pools from them, then lie alike in all tiles.
  package static let multiple = 32
  /// The least part of a tile that it shares with its neighbour.
  private static let overlap = 0.25

  /// The fewest tiles that cover a picture.
  /// - Parameter side: the rows and columns of a tile, fewer where the picture has fewer.
  package init(height: Int, width: Int, side: Int) {
    (self.height, self.width) = (height, width)
    (tileHeight, tileWidth) = (min(side, height), min(side, width))
    rows = Self.places(of: tileHeight, in: height)
    columns = Self.places(of: tileWidth, in: width)
  }

  /// Places that are as far apart as another, to the multiple.
  private static func places(of tile: Int, in length: Int) -> [Int] {
    guard tile < length else { return [0] }
    let (free, step) = ((length - tile) / multiple, max(Int(Double(tile) * (1 - overlap)) / multiple, 1))
    let count = (free + step - 1) / step
    return (0...count).map { ($0 * free + count / 2) / count * multiple }
  }

  /// Checks that a detector's cells lie alike in all tiles.
  /// - Throws: ``PictureSizeError/cells(detector:backbone:pixels:)``.
  static func check(
    _ detector: any Detector.Type, _ features: FeatureDescription, backbone: String
  ) throws(PictureSizeError) {
    guard let finest = features.shapes.first, let stride = features.strides.first,
      let coarsest = detector.responseShapes(of: features.shapes).last
    else { return }
    let pixels = finest.height * stride / max(coarsest.height, 1)
    guard multiple.isMultiple(of: max(pixels, 1)) else {
      throw .cells(detector: detector.name, backbone: backbone, pixels: pixels)
    }
  }

  /// The number of tiles.
  package var count: Int { rows.count * columns.count }

  /// A tile, counted row by row, of pictures `[batch, channels, height, width]`.
  package func tile(_ index: Int, of pictures: Tensor) -> Tensor {
    pictures.narrow(2, from: rows[index / columns.count], length: tileHeight)
      .narrow(3, from: columns[index % columns.count], length: tileWidth)
  }

  /// Adds the map of a tile to that of whole pictures `[batch, channels, height / stride, width / stride]`, which is nil
  /// before the first.
  package func add(_ map: Tensor, of tile: Int, to whole: inout Tensor?, device: Device) {
    // An operator that failed has left no map.
    guard count > 1, !TorchError.isPending else {
      whole = map
      return
    }
    let (rowCells, columnCells) = (map.size(2), map.size(3))
    let (down, along) = (tileHeight / rowCells, tileWidth / columnCells)
    let (row, column) = tile.quotientAndRemainder(dividingBy: columns.count)
    let rowShares = Self.shares(rows.map { $0 / down }, cells: rowCells, of: height / down)[row]
    let columnShares = Self.shares(columns.map { $0 / along }, cells: columnCells, of: width / along)[column]
    let faded =
      map * Tensor(rowShares, shape: [rowCells, 1]).to(device: device)
      * Tensor(columnShares, shape: [1, columnCells]).to(device: device)
    let sum =
      whole ?? .zeros([map.size(0), map.size(1), height / down, width / along], device: device)
    _ = sum.narrow(2, from: rows[row] / down, length: rowCells)
      .narrow(3, from: columns[column] / along, length: columnCells).add_(faded)
    whole = sum
  }

  /// What part every cell of every tile has in the whole, along one side: it falls towards the tile's ends, and the
  /// parts of the tiles that share a cell add up to 1.
  private static func shares(_ places: [Int], cells: Int, of length: Int) -> [[Float]] {
    var sums = [Float](repeating: 0, count: length)
    let fading = (0..<cells).map { Float(min($0 + 1, cells - $0)) }
    for place in places { for cell in 0..<cells { sums[place + cell] += fading[cell] } }
    return places.map { place in (0..<cells).map { fading[$0] / sums[place + $0] } }
  }
}

extension ModelConfiguration {
  /// How the model cuts pictures into tiles; nil where it sees them whole.
  package var tiles: TileGrid? { tile.map { TileGrid(height: height, width: width, side: $0) } }

  /// The size of what the backbone and the detector see at a time: a tile, or the whole picture.
  package var seenSize: (height: Int, width: Int) {
    tiles.map { ($0.tileHeight, $0.tileWidth) } ?? (height, width)
  }

  /// How many times the backbone and the detector look at a picture.
  package var looks: Int { tiles?.count ?? 1 }

  /// What they see of pictures `[batch, 3, height, width]` each time: all tiles, or the whole.
  package func seen(of pictures: Tensor) -> [Tensor] {
    guard let tiles else { return [pictures] }
    return (0..<tiles.count).map { tiles.tile($0, of: pictures) }
  }
}
