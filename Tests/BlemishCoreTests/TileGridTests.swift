import BlemishSynthesis
import BlemishTorch
import Testing

@testable import BlemishCore

@Suite struct TileGridTests {
  @Test(arguments: [(256, 256, 256), (320, 256, 256), (512, 480, 256), (1088, 96, 64), (64, 2048, 128)])
  func tilesCoverAPictureAndShareEnough(_ height: Int, _ width: Int, _ side: Int) {
    let grid = TileGrid(height: height, width: width, side: side)
    for (places, tile, length) in [
      (grid.rows, grid.tileHeight, height), (grid.columns, grid.tileWidth, width),
    ] {
      #expect(places.first == 0 && places.last == length - tile)
      #expect(places.allSatisfy { $0 % TileGrid.multiple == 0 })
      for (one, next) in zip(places, places.dropFirst()) {
        #expect(next > one && one + tile - next >= tile / 4)
      }
    }
  }

  private func blended(_ tiles: [Tensor], _ grid: TileGrid) -> Tensor {
    var whole: Tensor?
    for (index, tile) in tiles.enumerated() { grid.add(tile, of: index, to: &whole, device: .cpu) }
    return whole ?? .zeros([0])
  }

  @Test func aPictureNoLargerThanATileIsOne() {
    let grid = TileGrid(height: 96, width: 64, side: 128)
    #expect(grid.count == 1 && grid.tileHeight == 96 && grid.tileWidth == 64)
  }

  /// Cut and put together again, a map is what it was, at every stride.
  @Test(arguments: [1, 4, 32]) func whatTilesAgreeOnStaysAsItIs(_ stride: Int) {
    let grid = TileGrid(height: 320, width: 448, side: 128)
    #expect(grid.count == 15)
    let whole = Tensor.randn([2, 3, 320 / stride, 448 / stride])
    let tiles = (0..<grid.count).map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: grid.columns.count)
      return whole.narrow(2, from: grid.rows[row] / stride, length: 128 / stride)
        .narrow(3, from: grid.columns[column] / stride, length: 128 / stride)
    }
    let difference = blended(tiles, grid) - whole
    #expect(difference.floats.allSatisfy { abs($0) < 1e-5 })
  }

  /// Tiles that disagree fade into each other: no step is larger than their difference over a few cells.
  @Test func tilesThatDisagreeFadeIntoEachOther() {
    let grid = TileGrid(height: 128, width: 448, side: 128)
    let tiles = (0..<grid.count).map { Tensor.full([1, 1, 32, 32], $0 % 2 == 0 ? 0 : 1) }
    let row = blended(tiles, grid).select(2, 5).floats
    let steps = zip(row, row.dropFirst()).map { abs($0 - $1) }
    #expect((steps.max() ?? 1) < 0.2)
    #expect(row.contains { $0 > 0.99 } && row.contains { $0 < 0.01 })
  }
}
