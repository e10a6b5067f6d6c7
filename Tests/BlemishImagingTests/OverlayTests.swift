import Testing

@testable import BlemishImaging

@Suite struct OverlayTests {
  @Test func infernoGetsEvenlyLighter() {
    let lightness = (0...255).map { step -> Float in
      let color = ColorMap.inferno.color(Float(step) / 255)
      return 0.2126 * color.x + 0.7152 * color.y + 0.0722 * color.z
    }
    #expect(zip(lightness, lightness.dropFirst()).allSatisfy { $0 <= $1 + 0.5 })
    #expect(lightness[0] < 2 && lightness[255] > 240)
  }

  @Test func heatMapsTakeAnyNumber() {
    let map = ScoreMap(width: 5, height: 1, values: [-.infinity, .nan, 0.5, 7, .infinity])
    let picture = map.heatMap(range: 0...1)
    #expect(picture.channels == 3)
    #expect(Array(picture.numbers[0..<3]) == [0, 0, 4] && Array(picture.numbers[3..<6]) == [0, 0, 4])
    #expect(Array(picture.numbers[9..<12]) == [0xFC, 0xFF, 0xA4])
    #expect(Array(picture.numbers[12..<15]) == [0xFC, 0xFF, 0xA4])
    _ = map.heatMap(range: 1...1)
  }

  @Test func overlaysLeaveNormalPlacesAsTheyAre() {
    let picture = Picture(grey: [[10, 20], [30, 40]])
    let map = ScoreMap(width: 2, height: 2, values: [0, 0, 0, 1])
    let overlaid = picture.overlaid(with: map, range: 0...1, opacity: 1)
    #expect(overlaid.numbers == [10, 10, 10, 20, 20, 20, 30, 30, 30, 0xFC, 0xFF, 0xA4])
    #expect(picture.overlaid(with: map, range: 0...1, opacity: 0) == picture.eightBitRGB)
    let small = ScoreMap(width: 1, height: 1, values: [0])
    #expect(picture.overlaid(with: small, range: 0...1) == picture.eightBitRGB)
  }

  @Test func outlinesRunAroundTheRegionAndHideNothingOfIt() {
    let picture = Picture(grey: [[UInt8]](repeating: [UInt8](repeating: 7, count: 5), count: 5))
    var pixels = [Bool](repeating: false, count: 25)
    pixels[12] = true
    let outlined = picture.outlined(Mask(width: 5, height: 5, pixels: pixels), color: 0x010203)
    for index in 0..<25 {
      let isLine = (1...3).contains(index % 5) && (1...3).contains(index / 5) && index != 12
      #expect(Array(outlined.numbers[3 * index..<3 * index + 3]) == (isLine ? [1, 2, 3] : [7, 7, 7]))
    }
  }

  @Test func linesGetWiderWithThePicture() {
    let side = 1100
    let picture = Picture(
      width: side,
      height: side,
      channels: 1,
      samples: .eightBit([UInt8](repeating: 0, count: side * side))
    )
    var pixels = [Bool](repeating: false, count: side * side)
    pixels[500 * side + 500] = true
    let outlined = picture.outlined(Mask(width: side, height: side, pixels: pixels), color: 0xFF0000)
    #expect(outlined.numbers.count { $0 == 255 } == 24)
  }

  @Test func sixteenBitsAreShownWithEight() {
    let picture = Picture(width: 3, height: 1, channels: 1, samples: .sixteenBit([0, 32_896, 65_535]))
    #expect(picture.eightBitRGB.numbers == [0, 0, 0, 128, 128, 128, 255, 255, 255])
  }
}
