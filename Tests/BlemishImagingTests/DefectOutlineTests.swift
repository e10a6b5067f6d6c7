import BlemishSupport
import Foundation
import Testing

@testable import BlemishImaging

/// Outlines that follow defects within the regions of a coarse map.
@Suite struct DefectOutlineTests {
  private static let side = 96

  /// A grey surface of noise whose marked pixels are darker.
  private func picture(_ mark: (Int, Int) -> Bool, by step: Int, seed: UInt64 = 3) -> (Picture, Mask) {
    var random = SplitMix64(name: "outline", seed: seed)
    var samples: [UInt8] = []
    var marked: [Bool] = []
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        let isMarked = mark(x, y)
        let noise = Int(random.next() % 13) - 6
        marked.append(isMarked)
        samples.append(UInt8(120 + noise - (isMarked ? step : 0)))
      }
    }
    return (
      Picture(width: Self.side, height: Self.side, channels: 1, samples: .eightBit(samples)),
      Mask(width: Self.side, height: Self.side, pixels: marked)
    )
  }

  /// What a map of cells of 4 pixels shows of a mask: a blob with a peak of 10.
  private func blob(_ mask: Mask) -> ScoreMap {
    let window = Window(
      rows: 0..<Self.side, columns: 0..<Self.side, margin: 0, in: (Self.side, Self.side))
    let blurred = window.blurred(mask.pixels.map { SIMD2<Float>($0 ? 1 : 0, 0) }, deviation: 5).map(\.x)
    let peak = blurred.max()!
    return ScoreMap(width: Self.side, height: Self.side, values: blurred.map { 10 * $0 / peak })
  }

  private func overlap(_ pixels: [Int], _ mask: Mask) -> Double {
    let found = Set(pixels)
    let truth = Set(mask.pixels.indices.filter { mask.pixels[$0] })
    return Double(found.intersection(truth).count) / Double(found.union(truth).count)
  }

  private func outline(_ picture: Picture, _ map: ScoreMap) -> (
    regions: [[Int]], components: ConnectedComponents
  ) {
    let components = ConnectedComponents(of: map.values.map { $0 > 5 }, width: Self.side)
    let outline = DefectOutline(picture, map: map, cell: 4)
    return (components.regions.map { outline.pixels(of: $0, in: components) }, components)
  }

  @Test func aThinLineIsOneThinRegion() {
    let (picture, mask) = picture({ x, y in (20..<76).contains(x) && abs(y - 40 - x / 8) < 2 }, by: 50)
    let (regions, components) = outline(picture, blob(mask))
    #expect(regions.count == 1)
    #expect(overlap(components.labels.indices.filter { components.labels[$0] == 1 }, mask) < 0.4)
    #expect(overlap(regions[0], mask) > 0.75)
  }

  @Test func aSpotKeepsItsSize() {
    let (picture, mask) = picture({ x, y in (x - 48) * (x - 48) + (y - 44) * (y - 44) < 150 }, by: 30)
    let (regions, _) = outline(picture, blob(mask))
    #expect(regions.count == 1)
    #expect(overlap(regions[0], mask) > 0.85)
  }

  /// Where colours tell nothing, the outline is the map's contour at its share of the peak.
  @Test func whereThePictureSaysNothingTheMapDecides() {
    let (_, mask) = picture({ x, y in (x - 48) * (x - 48) + (y - 44) * (y - 44) < 150 }, by: 0)
    let flat = Picture(
      width: Self.side, height: Self.side, channels: 1,
      samples: .eightBit(Array(repeating: 120, count: Self.side * Self.side)))
    let map = blob(mask)
    let (regions, _) = outline(flat, map)
    let contour = Mask(width: Self.side, height: Self.side, pixels: map.values.map { $0 > 6.5 })
    #expect(overlap(regions[0], contour) > 0.8)
  }

  @Test func everyRegionKeepsAPixel() {
    for seed in 0..<4 {
      var random = SplitMix64(name: "peaks", seed: UInt64(seed))
      let (picture, _) = picture({ _, _ in false }, by: 0, seed: UInt64(seed))
      var values = [Float](repeating: 0.5, count: Self.side * Self.side)
      for _ in 0..<12 { values[Int(random.next() % UInt64(values.count))] = 9 }
      let (regions, components) = outline(
        picture, ScoreMap(width: Self.side, height: Self.side, values: values))
      #expect(regions.count == components.regions.count)
      #expect(regions.allSatisfy { !$0.isEmpty })
    }
  }

  @Test func anOutlineStaysOutOfOtherRegions() {
    let (picture, mask) = picture({ x, y in (30..<66).contains(x) && (y == 40 || y == 52) }, by: 60)
    let (regions, components) = outline(picture, blob(mask))
    for (place, pixels) in regions.enumerated() {
      #expect(pixels.allSatisfy { [0, Int32(place + 1)].contains(components.labels[$0]) })
    }
  }
}
