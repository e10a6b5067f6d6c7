import BlemishImaging
import Testing

@testable import BlemishSynthesis

@Suite struct LightingTests {
  /// A grey ramp from black to white, two rows high.
  private static let ramp = Picture(
    width: 256, height: 2, channels: 1, samples: .eightBit((0..<512).map { UInt8($0 % 256) }))

  private func values(_ picture: Picture) -> [Int] {
    guard case .eightBit(let values) = picture.samples else { return [] }
    return values.map(Int.init)
  }

  @Test func noChangeLeavesAPictureAsItIs() {
    #expect(Lighting()(Self.ramp) == Self.ramp)
    var picture = FloatPicture(width: 2, height: 1, channels: 3, values: [0, 0.25, 0.5, 0.75, 1, 0.1])
    let before = picture
    Lighting().change(&picture)
    #expect(zip(picture.values, before.values).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func everyPartDoesWhatItSays() {
    var lighting = Lighting()
    lighting.gain = 0.5
    #expect(values(lighting(Self.ramp))[200] == 100)
    lighting = Lighting()
    lighting.offset = 0.1
    #expect(values(lighting(Self.ramp))[0] == 26 && values(lighting(Self.ramp))[255] == 255)
    lighting = Lighting()
    lighting.gamma = 2
    #expect(values(lighting(Self.ramp))[128] == 64)
    lighting = Lighting()
    lighting.across = 0.2
    let flat = Picture(
      width: 100, height: 1, channels: 1, samples: .eightBit(Array(repeating: 100, count: 100)))
    #expect(values(lighting(flat)).first == 80 && values(lighting(flat)).last == 120)
    lighting = Lighting()
    lighting.colour = [1.1, 1, 0.5]
    let red = Picture(width: 1, height: 1, channels: 3, samples: .eightBit([100, 100, 100]))
    #expect(values(lighting(red)) == [110, 100, 50])
  }

  @Test func depthsAndPlanesAgree() {
    var random = SynthesisRandom(seed: 5)
    let lighting = Lighting(&random)
    let eight = values(lighting(Self.ramp))
    let deep = Picture(
      width: 256, height: 2, channels: 1, samples: .sixteenBit((0..<512).map { UInt16($0 % 256) * 257 }))
    guard case .sixteenBit(let sixteen) = lighting(deep).samples else {
      Issue.record("the depth has changed")
      return
    }
    #expect(zip(eight, sixteen).allSatisfy { abs($0 - (Int($1) + 128) / 257) <= 1 })
    var picture = FloatPicture(
      width: 256, height: 2, channels: 1, values: (0..<512).map { Float($0 % 256) / 255 })
    lighting.change(&picture)
    #expect(zip(eight, picture.values).allSatisfy { abs(Float($0) - 255 * $1) <= 0.51 })
  }
}
