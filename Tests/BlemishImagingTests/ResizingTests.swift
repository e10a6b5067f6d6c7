import GoldenCases
import Testing

@testable import BlemishImaging

@Suite struct ResizingTests {
  @Test(arguments: Golden.cases("preprocess/")) func goldenPreprocessingIsMatched(golden: GoldenCase) throws {
    let path = try #require(Golden.path("preprocess/\(golden.setting("image").text)"))
    let size = try golden.setting("size").integer
    let picture = try Picture(contentsOf: path)
    let tensors = try golden.tensors()
    #expect(!tensors.isEmpty)
    for (key, tensor) in tensors {
      let found =
        switch key {
        case "uflow_bilinear_shorter_side":
          // The longer side follows in proportion, rounded down.
          try NormalizedPicture(
            picture, height: size * picture.height / min(picture.width, picture.height),
            width: size * picture.width / min(picture.width, picture.height), filter: .bilinear)
        case "msflow_lanczos_square":
          try NormalizedPicture(picture, height: size, width: size, filter: .lanczos)
        default:
          throw PictureError.unrecognizedFormat(name: key)
        }
      #expect([3, found.height, found.width] == tensor.shape)
      let plane = found.height * found.width
      let errors = zip(found.values, tensor.floats()).enumerated().map { index, values in
        abs(values.0 - values.1) * NormalizedPicture.standardDeviation[index / plane]
      }
      // The case allows 1.5 / 255. The resized pixels are Pillow's, so only normalising leaves an error.
      #expect(errors.max()! < 1e-5, "\(golden.name) \(key)")
    }
  }

  @Test func normalisingScalesEveryChannelByItsOwnMeanAndDeviation() throws {
    let picture = Picture(width: 1, height: 1, channels: 3, samples: .eightBit([255, 0, 51]))
    let planes = try NormalizedPicture(picture, height: 2, width: 3, filter: .bilinear)
    #expect(planes.values.count == 18)
    for (index, expected) in [(0, (1 - 0.485) / 0.229), (6, -0.456 / 0.224), (12, (0.2 - 0.406) / 0.225)] {
      #expect(abs(Double(planes.values[index]) - expected) < 1e-5)
    }
  }

  /// Rows of every remainder by four, to the last bit.
  @Test(arguments: [1, 3], [8, 16]) func normalisedValuesAreThoseOfTheResizedPicture(
    channels: Int, bits: Int
  ) throws {
    let picture = Picture.noise(width: 9, height: 7, channels: channels, bits: bits)
    for (width, height) in [(1, 3), (2, 7), (3, 2), (4, 4), (5, 9), (9, 7), (10, 5), (15, 1)] {
      let planes = try NormalizedPicture(picture, height: height, width: width, filter: .bicubic)
      let numbers = picture.resized(width: width, height: height, filter: .bicubic).numbers
      let expected = (0..<3).flatMap { plane -> [Float] in
        let deviation = NormalizedPicture.standardDeviation[plane]
        let scale = 1 / (deviation * picture.samples.maximum)
        let offset = -NormalizedPicture.mean[plane] / deviation
        let lane = channels == 1 ? 0 : plane
        return (0..<width * height).map { Float(numbers[$0 * channels + lane]) * scale + offset }
      }
      #expect(planes.values == expected, "\(width) x \(height)")
    }
  }

  @Test func greyFillsAllPlanesAndSixteenBitsKeepTheirPrecision() throws {
    let grey = Picture(width: 1, height: 1, channels: 1, samples: .sixteenBit([30_001]))
    let values = try NormalizedPicture(grey, height: 1, width: 1, filter: .bilinear).values
    for channel in 0..<3 {
      let expected =
        (Float(30_001) / 65_535 - NormalizedPicture.mean[channel])
        / NormalizedPicture.standardDeviation[channel]
      #expect(abs(values[channel] - expected) < 1e-6)
    }
  }

  @Test(arguments: [(-1, 5), (0, 5), (5, .max), (60_000, 60_000)]) func impossibleSizesAreErrors(
    height: Int, width: Int
  ) throws {
    let line = Picture.noise(width: 65_500, height: 1, channels: 1)
    #expect(throws: PictureError.self) {
      try NormalizedPicture(line, height: height, width: width, filter: .bilinear)
    }
  }

  @Test(arguments: ResamplingFilter.allCases, [8, 16])
  func constantPicturesStayConstant(filter: ResamplingFilter, bits: Int) {
    let samples: Picture.Samples =
      bits == 8
      ? .eightBit([UInt8](repeating: 201, count: 143))
      : .sixteenBit([UInt16](repeating: 51_234, count: 143))
    let picture = Picture(width: 11, height: 13, channels: 1, samples: samples)
    for (width, height) in [(5, 40), (1, 1), (11, 6), (64, 13)] {
      let resized = picture.resized(width: width, height: height, filter: filter)
      #expect(resized.numbers == [Int](repeating: bits == 8 ? 201 : 51_234, count: width * height))
    }
  }

  @Test(arguments: ResamplingFilter.allCases)
  func sameSizeChangesNothing(filter: ResamplingFilter) {
    let picture = Picture.noise(width: 12, height: 9, channels: 3)
    #expect(picture.resized(width: 12, height: 9, filter: filter) == picture)
  }

  @Test(arguments: ResamplingFilter.allCases)
  func resizingFollowsTheDefinitionOfItsFilter(filter: ResamplingFilter) {
    let picture = Picture.noise(width: 19, height: 14, channels: 3, seed: 7)
    for (width, height) in [(7, 5), (40, 33), (19, 4), (6, 14), (3, 50), (18, 3), (25, 9)] {
      let resized = picture.resized(width: width, height: height, filter: filter)
      let expected: [Int]
      // Rows lost, more than twice the columns lost: down first.
      if 14 - height > max(0, 2 * (19 - width)) {
        let turned = transposed(picture.numbers, rows: 14, columns: 19)
        let down = plainly(turned, rows: 19, columns: 14, to: height, filter)
        expected = plainly(
          transposed(down, rows: 19, columns: height),
          rows: height,
          columns: 19,
          to: width,
          filter
        )
      } else {
        let across = plainly(picture.numbers, rows: 14, columns: 19, to: width, filter)
        let turned = transposed(across, rows: 14, columns: width)
        let down = plainly(turned, rows: width, columns: 14, to: height, filter)
        expected = transposed(down, rows: width, columns: height)
      }
      let agrees = resized.numbers == expected
      #expect(agrees, "\(width) x \(height)")
    }
  }

  /// Resizes rows of RGB pixels straight from the definition, with weights of 22 binary places.
  private func plainly(
    _ numbers: [Int],
    rows: Int,
    columns: Int,
    to target: Int,
    _ filter: ResamplingFilter
  ) -> [Int] {
    let scale = Double(columns) / Double(target)
    let widening = max(scale, 1)
    var result: [Int] = []
    for row in 0..<rows {
      for x in 0..<target {
        let center = (Double(x) + 0.5) * scale
        let weights = (0..<columns).map { column -> Double in
          filter == .nearest
            ? (column == Int(center) ? 1 : 0) : filter.weight(at: (Double(column) + 0.5 - center) / widening)
        }
        let sum = weights.reduce(0, +)
        for channel in 0..<3 {
          var value = 0.0
          for column in 0..<columns {
            value +=
              (weights[column] / sum * 0x1p22).rounded() / 0x1p22
              * Double(numbers[(row * columns + column) * 3 + channel])
          }
          result.append(Int(min(max(value, 0), 255) + 0.5))
        }
      }
    }
    return result
  }

  private func transposed(_ numbers: [Int], rows: Int, columns: Int) -> [Int] {
    var result: [Int] = []
    for column in 0..<columns {
      for row in 0..<rows {
        let start = (row * columns + column) * 3
        result += numbers[start..<start + 3]
      }
    }
    return result
  }

  @Test func mapsAreResizedWithoutAlignedCorners() {
    // As torch.nn.functional.interpolate gives it.
    let row = ScoreMap(width: 2, height: 1, values: [0, 4])
    #expect(row.resized(width: 4, height: 1).values == [0, 1, 3, 4])
    let map = ScoreMap(width: 2, height: 2, values: [0, 4, 8, 12])
    #expect(
      map.resized(width: 4, height: 4).values == [0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12]
    )
    #expect(
      ScoreMap(width: 4, height: 1, values: [1, 2, 3, 4]).resized(width: 2, height: 1).values == [1.5, 3.5]
    )
    #expect(
      ScoreMap(width: 1, height: 1, values: [3]).resized(width: 2, height: 3).values == [3, 3, 3, 3, 3, 3]
    )
    #expect(map.resized(width: 2, height: 2) == map)
  }
}
