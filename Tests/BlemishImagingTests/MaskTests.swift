import BlemishSupport
import Foundation
import Testing

@testable import BlemishImaging

@Suite struct MaskTests {
  private func mask(_ rows: [String]) -> Mask {
    Mask(width: rows[0].count, height: rows.count, pixels: rows.flatMap { $0.map { $0 == "#" } })
  }

  @Test func greyColourAndPaletteMasksAreRead() throws {
    #expect(Mask(Picture(grey: [[0, 127, 128, 255]])).pixels == [false, false, true, true])
    let red = Picture(width: 2, height: 1, channels: 3, samples: .eightBit([128, 0, 0, 0, 0, 0]))
    #expect(Mask(red).pixels == [true, false])
    let deep = Picture(width: 2, height: 1, channels: 1, samples: .sixteenBit([32_767, 32_768]))
    #expect(Mask(deep).pixels == [false, true])
    let palette = PNGFile.bytes(
      width: 3,
      height: 1,
      depth: 1,
      colorType: 3,
      extra: [PNGFile.chunk("PLTE", [0, 0, 0, 0, 200, 0])],
      rows: [[0, 0b0110_0000]]
    )
    #expect(try Mask(Picture(decoding: palette, name: "mask")).pixels == [false, true, true])
    #expect(Mask(Picture(grey: [[0, 1, 2]]), threshold: 0).pixels == [false, true, true])
  }

  @Test func masksSurvivePNG() throws {
    let mask = mask(["#..", ".##"])
    #expect(try Mask(Picture(decoding: mask.picture.pngData(), name: "mask")) == mask)
  }

  @Test func resizingKeepsWhatCoversMoreThanHalf() {
    let quarters = mask(["##..", "##..", "..#.", "...."])
    #expect(quarters.resized(width: 2, height: 2).pixels == [true, false, false, false])
    #expect(quarters.resized(width: 2, height: 2, filter: .nearest).pixels == [true, false, false, false])
    #expect(mask(["#."]).resized(width: 4, height: 2, filter: .nearest) == mask(["##..", "##.."]))
  }

  @Test func regionsAreEightConnectedAndDescribed() {
    let components = mask([
      "#..##",
      ".#..#",
      "....#",
      "##...",
    ]).connectedComponents
    #expect(components.regions.map(\.label) == [1, 2, 3])
    #expect(components.labels == [1, 0, 0, 2, 2, 0, 1, 0, 0, 2, 0, 0, 0, 0, 2, 3, 3, 0, 0, 0])
    #expect(components.regions.map(\.area) == [2, 4, 2])
    #expect(components.regions[1].columns == 3..<5 && components.regions[1].rows == 0..<3)
    #expect(components.regions[1].centroid == (15.0 / 4, 3.0 / 4))
  }

  @Test func armsThatMeetLaterAreOneRegion() {
    let components = mask(["#.#.#", "#.#.#", "##.##", "....."]).connectedComponents
    #expect(components.regions.count == 1)
    let spiral = mask([
      "#######",
      "......#",
      "#####.#",
      "#...#.#",
      "#.###.#",
      "#.....#",
      "#######",
    ]).connectedComponents
    #expect(spiral.regions.count == 1)
  }

  @Test func emptyAndFullMasksHaveNoAndOneRegion() {
    #expect(ConnectedComponents(of: [Bool](repeating: false, count: 12), width: 4).regions.isEmpty)
    let full = ConnectedComponents(of: [Bool](repeating: true, count: 12), width: 4)
    #expect(full.regions.count == 1 && full.regions[0].area == 12)
    #expect(ConnectedComponents(of: [], width: 4).regions.isEmpty)
  }

  @Test func cornersJoinNoFourConnectedRegions() {
    let pixels = mask(["#..##", ".#..#", ".####"]).pixels
    let four = ConnectedComponents(of: pixels, width: 5, connectivity: .four)
    #expect(four.labels == [1, 0, 0, 2, 2, 0, 2, 0, 0, 2, 0, 2, 2, 2, 2])
    #expect(four.regions.map(\.area) == [1, 8])
    #expect(four.regions[1].columns == 1..<5 && four.regions[1].rows == 0..<3)
    #expect(ConnectedComponents(of: pixels, width: 5, connectivity: .eight).regions.map(\.area) == [9])
  }

  @Test(arguments: [ConnectedComponents.Connectivity.four, .eight])
  func regionsOfNoiseAgreeWithAFloodFill(_ connectivity: ConnectedComponents.Connectivity) {
    var generator = SeededGenerator(state: 5)
    for density in [0.2, 0.4, 0.5, 0.7] {
      let (width, height) = (61, 47)
      let pixels = (0..<width * height).map { _ in Double.random(in: 0..<1, using: &generator) < density }
      let components = ConnectedComponents(of: pixels, width: width, connectivity: connectivity)
      var labels = [Int32](repeating: 0, count: pixels.count)
      var count: Int32 = 0
      for start in pixels.indices where pixels[start] && labels[start] == 0 {
        count += 1
        labels[start] = count
        var waiting = [start]
        while let index = waiting.popLast() {
          let (x, y) = (index % width, index / width)
          for row in max(y - 1, 0)...min(y + 1, height - 1) {
            for column in max(x - 1, 0)...min(x + 1, width - 1) {
              guard connectivity == .eight || row == y || column == x else { continue }
              let near = row * width + column
              guard pixels[near], labels[near] == 0 else { continue }
              labels[near] = count
              waiting.append(near)
            }
          }
        }
      }
      #expect(components.labels == labels)
      #expect(components.regions.map(\.area).reduce(0, +) == pixels.count { $0 })
    }
  }
}
