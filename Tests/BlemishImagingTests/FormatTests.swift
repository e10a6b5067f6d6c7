import BlemishSupport
import Foundation
import Testing

@testable import BlemishImaging

/// What formats hold beyond plain samples of 8 and 16 bits.
@Suite struct FormatTests {
  @Test func webPIsReadAndTurnedUpright() throws {
    let picture = Picture.noise(width: 7, height: 5, channels: 3)
    let file = try picture.webPBytes()
    #expect(try Picture(decoding: file, name: "webp") == picture)
    let exif: [UInt8] =
      Array("II".utf8) + [42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    // An extended file: a header chunk that announces EXIF data, the pixels, the data.
    let extended =
      Array("VP8X".utf8) + UInt32(10).littleEndianBytes + [8, 0, 0, 0] + [6, 0, 0] + [4, 0, 0] + file[12...]
      + Array("EXIF".utf8) + UInt32(exif.count).littleEndianBytes + exif
    let turned =
      Array("RIFF".utf8) + UInt32(extended.count + 4).littleEndianBytes + Array("WEBP".utf8) + extended
    let decoded = try Picture(decoding: turned, name: "webp")
    #expect(decoded == Orientation.rotated180.applied(to: picture))
  }

  @Test func anAnimationIsAnErrorThatSaysSo() throws {
    let header =
      Array("VP8X".utf8) + UInt32(10).littleEndianBytes + [2, 0, 0, 0] + [6, 0, 0] + [4, 0, 0]
      + Array("ANIM".utf8) + UInt32(6).littleEndianBytes + [0, 0, 0, 0, 0, 0]
    let file = Array("RIFF".utf8) + UInt32(header.count + 4).littleEndianBytes + Array("WEBP".utf8) + header
    let error = #expect(throws: PictureError.self) { try Picture(decoding: file, name: "a") }
    #expect(error?.description.contains("animation") == true)
  }

  @Test func floatingPointNumbersNeedARange() throws {
    let values: [Float] = [-1, 0, 0.5, 1, 7, .infinity]
    let file = TIFFFile.bytes(
      width: 6, height: 1, bits: 32, photometric: 1, samples: 1, tags: [(339, 3)],
      strips: [values.flatMap { $0.bitPattern.littleEndianBytes }])
    #expect(throws: PictureError.needsRange(name: "float")) { try Picture(decoding: file, name: "float") }
    let picture = try Picture(decoding: file, name: "float", options: DecodingOptions(range: 0...1))
    #expect(picture.samples == .sixteenBit([0, 0, 32768, 65535, 65535, 65535]))
    try withTemporaryFolder { folder in
      try Data(file).write(to: URL(filePath: folder + "/a"))
      #expect(try Picture.dimensions(ofFile: folder + "/a") == (6, 1))
    }
    let missing = TIFFFile.bytes(
      width: 1, height: 1, bits: 32, photometric: 1, samples: 1, tags: [(339, 3)],
      strips: [Float.nan.bitPattern.littleEndianBytes])
    let error = #expect(throws: PictureError.self) {
      try Picture(decoding: missing, name: "float", options: DecodingOptions(range: 0...1))
    }
    #expect(error?.description.contains("not numbers") == true)
    #expect(throws: PictureError.self) {
      try Picture(decoding: file, name: "float", options: DecodingOptions(range: 1...1))
    }
  }

  @Test func otherNumbersAreReadByTheRangeToo() throws {
    let range = DecodingOptions(range: -100...100)
    func samples(_ bits: Int, _ format: Int, _ bytes: [UInt8]) throws -> Picture.Samples {
      try Picture(
        decoding: TIFFFile.bytes(
          width: 2, height: 1, bits: bits, photometric: 1, samples: 1, tags: [(339, format)], strips: [bytes]),
        name: "numbers", options: range
      ).samples
    }
    let expected = Picture.Samples.sixteenBit([0, 65535])
    #expect(try samples(16, 2, Int16(-100).littleEndianBytes + Int16(100).littleEndianBytes) == expected)
    #expect(try samples(32, 2, Int32(-200).littleEndianBytes + Int32(200).littleEndianBytes) == expected)
    #expect(try samples(8, 2, [UInt8(bitPattern: -100), 100]) == expected)
    let doubles = [-100.0, 100.0].flatMap { $0.bitPattern.littleEndianBytes }
    #expect(try samples(64, 3, doubles) == expected)
    // Half precision: -100 and 100.
    #expect(
      try samples(16, 3, UInt16(0xD640).littleEndianBytes + UInt16(0x5640).littleEndianBytes) == expected)
    #expect(
      try samples(32, 1, UInt32(0).littleEndianBytes + UInt32(4_000_000_000).littleEndianBytes)
        == .sixteenBit([32768, 65535]))
    // A range changes nothing for files that do not need one.
    let plain = Picture.noise(width: 3, height: 2, channels: 1, bits: 16)
    #expect(try Picture(decoding: plain.tiffBytes(), name: "plain", options: range) == plain)
  }

  @Test func twelveBitsFillTheWholeRange() throws {
    // Packed: 0x000, 0xFFF, 0x800, 0x001.
    let packed = TIFFFile.bytes(
      width: 4, height: 1, bits: 12, photometric: 1, samples: 1,
      strips: [[0x00, 0x0F, 0xFF, 0x80, 0x00, 0x01]])
    let picture = try Picture(decoding: packed, name: "packed")
    #expect(picture.samples == .sixteenBit([0, 65535, 32776, 16]))
    #expect(picture.notes == [.significantBits(12)])
    // In sixteen, with the largest value that the file announces.
    func announced(_ largest: Int, _ values: [UInt16]) throws -> Picture {
      try Picture(
        decoding: TIFFFile.bytes(
          width: values.count, height: 1, bits: 16, photometric: 1, samples: 1, tags: [(281, largest)],
          strips: [values.flatMap(\.littleEndianBytes)]), name: "announced")
    }
    #expect(try announced(4095, [0, 4095, 2048]).samples == .sixteenBit([0, 65535, 32776]))
    // Neither a maximum that is only this picture's, nor one that its values exceed.
    #expect(try announced(3000, [0, 3000]).samples == .sixteenBit([0, 3000]))
    #expect(try announced(4095, [0, 5000]).samples == .sixteenBit([0, 5000]))
  }

  @Test func furtherChannelsAndPagesAreTold() throws {
    #expect(try Picture(decoding: StoredFile.lzwAlphaTIFF, name: "alpha").notes == [.channelsPassedOver(1)])
    #expect(
      try Picture(decoding: Picture.noise(width: 3, height: 3, channels: 3).pngData(), name: "a").notes == [])
    // The second page is the first again, in a directory at the end.
    var file = TIFFFile.bytes(width: 1, height: 1, bits: 8, photometric: 1, samples: 1, strips: [[9]])
    let entries = Int(file[8]) | Int(file[9]) << 8
    let end = 10 + 12 * entries
    if file.count % 2 == 1 { file.append(0) }
    let second = file.count
    let directory = Array(file[8..<end]) + [0, 0, 0, 0]
    file.replaceSubrange(end..<end + 4, with: UInt32(second).littleEndianBytes)
    file += directory
    let picture = try Picture(decoding: file, name: "pages")
    #expect(picture.notes == [.pagesPassedOver(1)] && picture.numbers == [9])
    // A circle of directories ends.
    file.replaceSubrange(file.count - 4..<file.count, with: UInt32(8).littleEndianBytes)
    #expect(try Picture(decoding: file, name: "circle").notes == [.pagesPassedOver(1)])
  }

  @Test func jpegIsDecodedNoSmallerThanNeeded() throws {
    let picture = Picture.noise(width: 5, height: 4, channels: 3).resized(
      width: 100, height: 83, filter: .bilinear)
    let file = try picture.jpegData(quality: 95)
    for (least, width, height) in [
      (83, 100, 83), (42, 50, 42), (22, 50, 42), (21, 25, 21), (11, 13, 11), (1, 13, 11),
    ] {
      let decoded = try Picture(decoding: file, name: "a", options: DecodingOptions(leastSide: least))
      #expect(decoded.width == width && decoded.height == height, "\(least)")
      #expect(decoded.notes == (width == 100 ? [] : [.reduced(fromWidth: 100, height: 83)]))
    }
    // What is smaller counts as what it is, unless all of it must be held.
    let few = DecodingOptions(maximumPixels: 1000, leastSide: 10)
    #expect(try Picture(decoding: file, name: "a", options: few).width == 13)
    let tooLarge = PictureError.tooLarge(name: "a", width: 100, height: 83, maximumPixels: 1000)
    #expect(throws: tooLarge) {
      try Picture(decoding: file, name: "a", options: DecodingOptions(maximumPixels: 1000))
    }
    #expect(throws: PictureError.tooLarge(name: "a", width: 7, height: 6, maximumPixels: 41)) {
      try Picture(
        decoding: StoredFile.progressiveJPEG, name: "a",
        options: DecodingOptions(maximumPixels: 41, leastSide: 1))
    }
  }

  @Test(arguments: [0, 14, 53])
  func aBitmapWhosePixelsBeginInItsHeaderIsAnError(offset: UInt8) throws {
    var file = BMPFile.bytes(width: 2, height: 2, bits: 24, rows: [[1, 2, 3, 4, 5, 6], [7, 8, 9, 1, 2, 3]])
    file[10] = offset
    let error = #expect(throws: PictureError.self) { try Picture(decoding: file, name: "a") }
    #expect(error?.description.contains("within its header") == true)
  }

  /// In a process of its own, whose addresses are limited as `ulimit -v` does.
  @Test func aPictureWithoutMemoryForItIsThatPicturesError() async {
    await #expect(processExitsWith: .success) {
      let side = 9000
      let file = BMPFile.bytes(
        width: side, height: side, bits: 1, palette: [[0, 0, 0], [1, 2, 3]],
        rows: [[UInt8](repeating: 0, count: (side + 31) / 32 * 4 * side)])
      let small = try Picture.noise(width: 20, height: 20, channels: 3).pngData()
      let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
      let bytes = rlim_t((Int(pages[0]) ?? 0) * Int(getpagesize()) + 100_000_000)
      var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
      precondition(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      #expect(throws: PictureError.noMemory(name: "a", width: side, height: side)) {
        try Picture(decoding: file, name: "a")
      }
      _ = try Picture(decoding: small, name: "b")
    }
  }

  @Test func everyEndingOfAFormatIsKnown() {
    for ending in ["jpe", "jfif", "webp", "png", "jpg", "jpeg", "tif", "tiff", "bmp"] {
      #expect(Picture.fileExtensions.contains(ending))
    }
  }

  @Test func aNameThatIsNotUTF8IsOpened() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/" + fileName([0x61, 0xFF, 0x0A, 0x62])
      let picture = Picture.noise(width: 3, height: 2, channels: 1)
      try picture.write(png: path)
      #expect(try Picture(contentsOf: path) == picture)
      #expect(try Picture.dimensions(ofFile: path) == (3, 2))
      try Data("x".utf8).withUnsafeBytes { bytes in
        try AtomicFile.replace(path, with: [Data(bytes)])
      }
      let error = #expect(throws: PictureError.unrecognizedFormat(name: path)) {
        try Picture(contentsOf: path)
      }
      #expect(error?.description.contains("a\\xff\\nb: not a picture") == true)
    }
  }
}
