import Foundation
import Testing

@testable import BlemishImaging

@Suite struct DecodingTests {
  @Test(arguments: [1, 3], [8, 16])
  func losslessFormatsReturnTheSamplesTheyWereGiven(channels: Int, bits: Int) throws {
    let picture = Picture.noise(width: 37, height: 23, channels: channels, bits: bits)
    #expect(try Picture(decoding: picture.pngData(), name: "png") == picture)
    // none, LZW, deflate, PackBits
    for compression in [1, 5, 8, 32_773] {
      #expect(try Picture(decoding: picture.tiffBytes(compression: compression), name: "tiff") == picture)
    }
  }

  @Test(arguments: [1, 3])
  func jpegComesCloseToWhatItWasGiven(channels: Int) throws {
    let smooth = Picture.noise(width: 4, height: 3, channels: channels)
      .resized(width: 40, height: 30, filter: .bicubic)
    let decoded = try Picture(decoding: smooth.jpegData(quality: 100), name: "jpeg")
    #expect(decoded.channels == channels && decoded.width == 40 && decoded.height == 30)
    let worst = zip(decoded.numbers, smooth.numbers).map { abs($0 - $1) }.max()!
    #expect(worst <= 30)
    let mean = zip(decoded.numbers, smooth.numbers).map { abs($0 - $1) }.reduce(0, +) / smooth.numbers.count
    #expect(mean <= 3)
  }

  @Test func jpegInTIFFIsRead() throws {
    let grey = Picture(
      width: 16,
      height: 16,
      channels: 3,
      samples: .eightBit([UInt8](repeating: 90, count: 768))
    )
    let decoded = try Picture(decoding: grey.tiffBytes(compression: 7), name: "tiff")
    #expect(decoded.numbers.allSatisfy { abs($0 - 90) <= 2 })
  }

  @Test func onePixelIsAPicture() throws {
    let pixel = Picture(grey: [[200]])
    #expect(try Picture(decoding: pixel.pngData(), name: "png") == pixel)
    #expect(try Picture(decoding: pixel.tiffBytes(), name: "tiff") == pixel)
    #expect(try abs(Picture(decoding: pixel.jpegData(), name: "jpeg").numbers[0] - 200) <= 2)
    let bitmap = BMPFile.bytes(width: 1, height: 1, bits: 24, rows: [[3, 2, 1]])
    #expect(try Picture(decoding: bitmap, name: "bmp").numbers == [1, 2, 3])
  }

  @Test func pngPalettesBecomeColoursAndTransparencyIsDropped() throws {
    let bytes = PNGFile.bytes(
      width: 3,
      height: 1,
      depth: 2,
      colorType: 3,
      extra: [PNGFile.chunk("PLTE", [1, 2, 3, 40, 50, 60, 7, 8, 9]), PNGFile.chunk("tRNS", [0, 128])],
      rows: [[0, 0b00_01_10_00]]
    )
    let picture = try Picture(decoding: bytes, name: "png")
    #expect(picture.channels == 3 && picture.numbers == [1, 2, 3, 40, 50, 60, 7, 8, 9])
  }

  @Test func pngAlphaIsDroppedWithoutBlending() throws {
    let rgba = PNGFile.bytes(
      width: 2,
      height: 1,
      depth: 8,
      colorType: 6,
      rows: [[0, 10, 20, 30, 0, 40, 50, 60, 128]]
    )
    #expect(try Picture(decoding: rgba, name: "png").numbers == [10, 20, 30, 40, 50, 60])
    let greyAlpha = PNGFile.bytes(
      width: 2,
      height: 1,
      depth: 16,
      colorType: 4,
      rows: [[0, 0x12, 0x34, 0, 0, 0xAB, 0xCD, 1, 1]]
    )
    #expect(try Picture(decoding: greyAlpha, name: "png").samples == .sixteenBit([0x1234, 0xABCD]))
  }

  @Test(arguments: [1, 2, 4] as [UInt8])
  func fewerThanEightBitsOfGreySpreadOverTheWholeRange(depth: UInt8) throws {
    // The darkest and the brightest value side by side.
    let row = [0, UInt8((1 << Int(depth)) - 1) << (8 - 2 * depth)]
    let png = PNGFile.bytes(width: 2, height: 1, depth: depth, colorType: 0, rows: [row])
    #expect(try Picture(decoding: png, name: "png") == Picture(grey: [[0, 255]]))
    for (photometric, expected) in [(1, [0, 255]), (0, [255, 0])] {
      let tiff = TIFFFile.bytes(
        width: 2,
        height: 1,
        bits: Int(depth),
        photometric: photometric,
        samples: 1,
        strips: [[row[1]]]
      )
      #expect(try Picture(decoding: tiff, name: "tiff").numbers == expected)
    }
  }

  @Test func interlacedPNGIsPutTogether() throws {
    // Adam7 on 3 x 3: pass 1 has (0,0), 5 has row 2 (0, 2), 6 has column 1 of rows 0 and 2, 7 has row 1;
    // pass 4 has (2, 0).
    let bytes = PNGFile.bytes(
      width: 3,
      height: 3,
      depth: 8,
      colorType: 0,
      interlaced: true,
      rows: [[0, 1], [0, 3], [0, 7, 9], [0, 2], [0, 8], [0, 4, 5, 6]]
    )
    #expect(try Picture(decoding: bytes, name: "png").numbers == Array(1...9))
  }

  @Test func storedFilesOfOtherProgramsAreRead() throws {
    let expected = (0..<6).flatMap { y in (0..<7).flatMap { x in [36 * x, 50 * y, 20 * (x + y)] } }
    #expect(try Picture(decoding: StoredFile.lzwAlphaTIFF, name: "tiff").numbers == expected)

    let bits = try Picture(decoding: StoredFile.group4TIFF, name: "tiff")
    #expect(bits.numbers == (0..<42).map { $0 % 7 > 3 ? 255 : 0 })

    let cmyk = try Picture(decoding: StoredFile.cmykJPEG, name: "jpeg")
    #expect(Array(cmyk.numbers.prefix(3)) == [216, 154, 49])

    let progressive = try Picture(decoding: StoredFile.progressiveJPEG, name: "jpeg")
    #expect(progressive.width == 7 && progressive.height == 6 && progressive.channels == 3)
  }

  @Test func tiffPlanesPalettesAndInksAreConverted() throws {
    let planes = TIFFFile.bytes(
      width: 2,
      height: 1,
      bits: 8,
      photometric: 2,
      samples: 3,
      tags: [(284, 2)],
      strips: [[1, 2], [3, 4], [5, 6]]
    )
    #expect(try Picture(decoding: planes, name: "tiff").numbers == [1, 3, 5, 2, 4, 6])
    let deep = TIFFFile.bytes(
      width: 2,
      height: 1,
      bits: 16,
      photometric: 1,
      samples: 1,
      strips: [[0x34, 0x12, 0xFF, 0xFF]]
    )
    #expect(try Picture(decoding: deep, name: "tiff").samples == .sixteenBit([0x1234, 0xFFFF]))
    let inks = TIFFFile.bytes(
      width: 1,
      height: 1,
      bits: 8,
      photometric: 5,
      samples: 4,
      strips: [[10, 80, 200, 30]]
    )
    #expect(try Picture(decoding: inks, name: "tiff").numbers == [216, 154, 49])
  }

  @Test func bitmapsOfEveryDepthAreRead() throws {
    let colors: [[UInt8]] = [[1, 2, 3], [4, 5, 6]]
    let expected = [4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6]
    func numbers(_ bytes: [UInt8]) throws -> [Int] { try Picture(decoding: bytes, name: "bmp").numbers }
    for (bits, upper, lower) in [
      (1, [0b1000_0000], [0b0100_0000]), (4, [0x10], [0x01]), (8, [1, 0], [0, 1]),
    ] as [(Int, [UInt8], [UInt8])] {
      let bottomUp = BMPFile.bytes(width: 2, height: 2, bits: bits, palette: colors, rows: [lower, upper])
      #expect(try numbers(bottomUp) == expected)
      let topDown = BMPFile.bytes(width: 2, height: -2, bits: bits, palette: colors, rows: [upper, lower])
      #expect(try numbers(topDown) == expected)
    }
    #expect(try numbers(BMPFile.bytes(width: 1, height: 1, bits: 32, rows: [[3, 2, 1, 9]])) == [1, 2, 3])
    #expect(
      try numbers(
        BMPFile.bytes(width: 1, height: 1, bits: 32, masks: [0xFF, 0xFF00, 0xFF0000], rows: [[1, 2, 3, 0]])
      )
        == [1, 2, 3]
    )
    #expect(
      try numbers(
        BMPFile.bytes(width: 1, height: 1, bits: 16, masks: [0xF800, 0x07E0, 0x001F], rows: [[0xE0, 0xFF]])
      )
        == [255, 255, 0]
    )
    #expect(try numbers(BMPFile.bytes(width: 1, height: 1, bits: 16, rows: [[0, 0x7C]])) == [255, 0, 0])
    let grey = BMPFile.bytes(
      width: 2,
      height: 1,
      bits: 8,
      palette: [[5, 5, 5], [9, 9, 9]],
      rows: [[1, 0]]
    )
    #expect(try Picture(decoding: grey, name: "bmp") == Picture(grey: [[9, 5]]))
  }

  @Test func dimensionsComeFromTheHeaderOfAnyFormat() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/picture"
      let picture = Picture.noise(width: 31, height: 17, channels: 3)
      let files = [
        [UInt8](try picture.pngData()), [UInt8](try picture.jpegData()), try picture.tiffBytes(),
        try picture.tiffBytes(orientation: 6),
        BMPFile.bytes(width: 31, height: -17, bits: 24, rows: []),
        [UInt8](try picture.pngData().prefix(60)),
      ]
      for (index, file) in files.enumerated() {
        try Data(file).write(to: URL(filePath: path))
        let size = try Picture.dimensions(ofFile: path)
        #expect(size == (index == 3 ? (17, 31) : (31, 17)))
      }
      // The directory of a large TIFF file lies at its end.
      let large = Picture.noise(width: 700, height: 500, channels: 1)
      try Data(large.tiffBytes()).write(to: URL(filePath: path))
      #expect(try Picture.dimensions(ofFile: path) == (700, 500))
    }
  }

  /// What each number means, from the EXIF standard: the stored position of pixel (x, y) of the upright picture.
  static let orientations: [Int: @Sendable (Int, Int, Int, Int) -> (Int, Int)] = [
    1: { x, y, _, _ in (x, y) },
    2: { x, y, width, _ in (width - 1 - x, y) },
    3: { x, y, width, height in (width - 1 - x, height - 1 - y) },
    4: { x, y, _, height in (x, height - 1 - y) },
    5: { x, y, _, _ in (y, x) },
    6: { x, y, _, height in (y, height - 1 - x) },
    7: { x, y, width, height in (width - 1 - y, height - 1 - x) },
    8: { x, y, width, _ in (width - 1 - y, x) },
  ]

  @Test(arguments: 1...8)
  func orientationIsAppliedInEveryFormatThatHasOne(orientation: Int) throws {
    // Blocks of 8 x 8 equal pixels survive JPEG.
    let blocks = [[0, 40, 80], [120, 160, 200]] as [[UInt8]]
    let stored = Picture(grey: (0..<16).map { y in (0..<24).map { x in blocks[y / 8][x / 8] } })
    let source = try #require(Self.orientations[orientation])
    let (width, height) = orientation >= 5 ? (16, 24) : (24, 16)
    let expected = (0..<height).flatMap { y in
      (0..<width).map { x in
        let (column, row) = source(x, y, 24, 16)
        return stored.numbers[row * 24 + column]
      }
    }
    for isBigEndian in [true, false] {
      let exif = exifBytes(orientation: orientation, isBigEndian: isBigEndian)
      let segment = Array("Exif\0\0".utf8) + exif
      var jpeg = [UInt8](try stored.jpegData(quality: 100))
      jpeg.insert(contentsOf: [0xFF, 0xE1] + UInt16(segment.count + 2).bigEndianBytes + segment, at: 2)
      var png = [UInt8](try stored.pngData())
      png.insert(contentsOf: PNGFile.chunk("eXIf", exif), at: 33)
      for bytes in [jpeg, png, try stored.tiffBytes(orientation: orientation)] {
        let picture = try Picture(decoding: bytes, name: "oriented")
        #expect(picture.width == width && picture.height == height)
        #expect(zip(picture.numbers, expected).allSatisfy { abs($0 - $1) <= 3 })
      }
    }
  }

  private func exifBytes(orientation: Int, isBigEndian: Bool) -> [UInt8] {
    func short(_ value: Int) -> [UInt8] {
      isBigEndian ? UInt16(value).bigEndianBytes : UInt16(value).littleEndianBytes
    }
    func long(_ value: Int) -> [UInt8] {
      isBigEndian ? UInt32(value).bigEndianBytes : UInt32(value).littleEndianBytes
    }
    return Array((isBigEndian ? "MM" : "II").utf8) + short(42) + long(8) + short(2)
      + short(0x010F) + short(2) + long(2) + [0x41, 0, 0, 0]
      + short(0x0112) + short(3) + long(1) + short(orientation) + [0, 0] + long(0)
  }
}
