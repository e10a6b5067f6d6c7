import Foundation
import Testing

@testable import BlemishImaging

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct DamagedFileTests {
  /// Whole files of every kind, by name.
  static func files() throws -> [(name: String, bytes: [UInt8])] {
    let color = Picture.noise(width: 9, height: 7, channels: 3)
    let deep = Picture.noise(width: 6, height: 5, channels: 1, bits: 16)
    return [
      ("colour.png", [UInt8](try color.pngData())),
      ("deep.png", [UInt8](try deep.pngData())),
      (
        "palette.png",
        PNGFile.bytes(
          width: 3,
          height: 1,
          depth: 2,
          colorType: 3,
          extra: [PNGFile.chunk("PLTE", [1, 2, 3, 40, 50, 60, 7, 8, 9]), PNGFile.chunk("tRNS", [0, 128])],
          rows: [[0, 0b00_01_10_00]]
        )
      ),
      (
        "interlaced.png",
        PNGFile.bytes(
          width: 3,
          height: 3,
          depth: 8,
          colorType: 0,
          interlaced: true,
          rows: [[0, 1], [0, 3], [0, 7, 9], [0, 2], [0, 8], [0, 4, 5, 6]]
        )
      ),
      ("colour.jpg", [UInt8](try color.jpegData(quality: 80))),
      ("progressive.jpg", StoredFile.progressiveJPEG),
      ("inks.jpg", StoredFile.cmykJPEG),
      ("whole.webp", try color.webPBytes()),
      ("lossy.webp", try color.webPBytes(quality: 60)),
      ("plain.tif", try color.tiffBytes()),
      ("deflate.tif", try deep.tiffBytes(compression: 8)),
      ("jpeg.tif", try color.tiffBytes(compression: 7)),
      ("lzw.tif", StoredFile.lzwAlphaTIFF),
      ("fax.tif", StoredFile.group4TIFF),
      (
        "planes.tif",
        TIFFFile.bytes(
          width: 2,
          height: 1,
          bits: 8,
          photometric: 2,
          samples: 3,
          tags: [(284, 2)],
          strips: [[1, 2], [3, 4], [5, 6]]
        )
      ),
      (
        "palette.bmp",
        BMPFile.bytes(
          width: 3,
          height: 2,
          bits: 4,
          palette: [[1, 2, 3], [4, 5, 6]],
          rows: [[0x10, 0x10], [0x01, 0]]
        )
      ),
      ("colour.bmp", BMPFile.bytes(width: 1, height: -2, bits: 24, rows: [[1, 2, 3], [4, 5, 6]])),
      (
        "fields.bmp",
        BMPFile.bytes(width: 1, height: 1, bits: 16, masks: [0xF800, 0x07E0, 0x001F], rows: [[0xE0, 0xFF]])
      ),
    ]
  }

  @Test func aFileCutOffAnywhereIsAnErrorThatNamesIt() throws {
    for (name, bytes) in try Self.files() {
      let whole = try Picture(decoding: bytes, name: name)
      for length in 0..<bytes.count {
        do {
          let picture = try Picture(decoding: Array(bytes.prefix(length)), name: name)
          // libtiff does not miss the last bytes of a directory at the end of a file: no pixel is in them.
          #expect(name.hasSuffix(".tif") && length >= bytes.count - 8, "\(name) cut to \(length)")
          #expect(picture == whole, "\(name) cut to \(length)")
        } catch {
          #expect("\(error)".contains(name))
        }
      }
    }
  }

  @Test func missingPixelsOfALargeJPEGAreAnError() throws {
    let bytes = [UInt8](try Picture.noise(width: 200, height: 200, channels: 3).jpegData())
    #expect(throws: PictureError.self) {
      try Picture(decoding: Array(bytes.prefix(bytes.count / 2)), name: "a")
    }
    #expect(throws: PictureError.self) { try Picture(decoding: bytes.dropLast(2).map { $0 }, name: "a") }
  }

  @Test func damagedChecksumsAreAnError() throws {
    var bytes = [UInt8](try Picture.noise(width: 20, height: 20, channels: 1).pngData())
    bytes[bytes.count / 2] ^= 0x10
    #expect(throws: PictureError.self) { try Picture(decoding: bytes, name: "a.png") }
  }

  @Test func textNamedAsAPictureIsNotAPicture() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/notes.png"
      try Data("not a picture".utf8).write(to: URL(filePath: path))
      #expect(throws: PictureError.unrecognizedFormat(name: path)) { try Picture(contentsOf: path) }
      #expect(throws: PictureError.unrecognizedFormat(name: path)) { try Picture.dimensions(ofFile: path) }
      try Data().write(to: URL(filePath: path))
      #expect(throws: PictureError.file(.empty(path: path))) { try Picture(contentsOf: path) }
    }
  }

  @Test func whatIsNoFileIsAnErrorThatSaysSo() throws {
    try withTemporaryFolder { folder in
      #expect(throws: PictureError.file(.isFolder(path: folder))) {
        try Picture(contentsOf: folder)
      }
      #expect(throws: PictureError.file(.missing(path: folder + "/none.png"))) {
        try Picture(contentsOf: folder + "/none.png")
      }
      let pipe = folder + "/pipe.png"
      #expect(mkfifo(pipe, 0o600) == 0)
      #expect(throws: PictureError.file(.notRegular(path: pipe, kind: .pipe))) {
        try Picture(contentsOf: pipe)
      }
    }
  }

  /// Each of 4,094 tiles of a picture of one row is a gigabyte once it is decoded.
  @Test func aSmallPictureInHugeTilesIsRefusedAtOnce() throws {
    let (width, side, length) = (65_500, 16, 1 << 26)
    let tiles = (width + side - 1) / side
    let pixels = 8 + 2 + 12 * 10 + 4
    func little(_ value: Int, bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 0xFF) } }
    let counts = pixels + (1 << 18)
    let entries = [
      (256, 1, width), (257, 1, 1), (258, 1, 8), (259, 1, 8), (262, 1, 1), (277, 1, 1), (322, 1, side),
      (323, 1, length), (324, tiles, counts), (325, tiles, counts + 4 * tiles),
    ]
    var bytes =
      Array("II".utf8) + little(42, bytes: 2) + little(8, bytes: 4) + little(entries.count, bytes: 2)
    for (tag, count, value) in entries {
      bytes += little(tag, bytes: 2) + little(4, bytes: 2) + little(count, bytes: 4) + little(value, bytes: 4)
    }
    bytes += little(0, bytes: 4) + [UInt8](repeating: 0, count: 1 << 18)
    for value in [pixels, 1 << 18] { for _ in 0..<tiles { bytes += little(value, bytes: 4) } }
    let error = #expect(throws: PictureError.self) { try Picture(decoding: bytes, name: "tiles.tif") }
    #expect(error?.description.contains("too large for it") == true, "\(error?.description ?? "")")
  }

  @Test func hugeHeadersAreRefusedAtOnce() throws {
    let (width, height) = (30_000, 30_000)
    var jpeg = [UInt8](try Picture.noise(width: 8, height: 8, channels: 1).jpegData())
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(
      frame + 5..<frame + 9,
      with: UInt16(height).bigEndianBytes + UInt16(width).bigEndianBytes
    )
    let files: [[UInt8]] = [
      PNGFile.bytes(width: width, height: height, depth: 8, colorType: 2, rows: [[0, 1, 2, 3]]),
      jpeg,
      TIFFFile.bytes(width: width, height: height, bits: 8, photometric: 1, samples: 1, strips: [[1]]),
      BMPFile.bytes(width: width, height: height, bits: 24, rows: [[1, 2, 3]]),
    ]
    for file in files {
      let error = PictureError.tooLarge(
        name: "huge", width: width, height: height, maximumPixels: Picture.maximumPixelCount)
      let duration = ContinuousClock().measure {
        #expect(throws: error) { try Picture(decoding: file, name: "huge") }
      }
      #expect(duration < .seconds(1))
    }
    // Small enough to be allowed, and too much for the bytes there are.
    for side in [100, 13_000] {
      for file in [
        PNGFile.bytes(width: side, height: side, depth: 1, colorType: 0, rows: [[0, 1]]),
        TIFFFile.bytes(width: side, height: side, bits: 8, photometric: 1, samples: 1, strips: [[1]]),
        BMPFile.bytes(width: side, height: side, bits: 24, rows: [[1, 2, 3]]),
      ] {
        #expect(throws: PictureError.self) { try Picture(decoding: file, name: "huge") }
      }
    }
    let long = BMPFile.bytes(width: 70_000, height: 1, bits: 1, rows: [])
    let tooLong = PictureError.tooLarge(
      name: "long", width: 70_000, height: 1, maximumPixels: Picture.maximumPixelCount)
    #expect(throws: tooLong) {
      try Picture(decoding: long, name: "long")
    }
  }

  @Test func unsupportedFilesSayWhatIsNotSupported() throws {
    let runs = BMPFile.bytes(
      width: 1,
      height: 1,
      bits: 8,
      palette: [[1, 1, 1]],
      rows: [[0]],
      compression: 1
    )
    let complex = TIFFFile.bytes(
      width: 1,
      height: 1,
      bits: 64,
      photometric: 1,
      samples: 1,
      tags: [(339, 6)],
      strips: [[0, 0, 0, 0, 0, 0, 0, 0]]
    )
    for (file, word) in [(runs, "run-length"), (complex, "complex numbers")] {
      let error = #expect(throws: PictureError.self) { try Picture(decoding: file, name: "a") }
      #expect(error?.description.contains(word) == true)
    }
  }

  @Test(arguments: [".png", ".jpg", ".tif", ".bmp", ".webp"])
  func mutatedFilesNeverDoHarm(suffix: String) throws {
    let seeds = try Self.files().filter { $0.name.hasSuffix(suffix) }.map(\.bytes)
    var generator = SeededGenerator(state: 2024)
    let start = ContinuousClock.now
    var decoded = 0
    for round in 0..<20_000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let position = Int.random(in: 0..<bytes.count, using: &generator)
        switch UInt8.random(in: 0..<8, using: &generator) {
        case 0: bytes[position] = 0xFF
        case 1: bytes[position] = 0
        case 2: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 3: bytes.insert(.random(in: 0 ... .max, using: &generator), at: position)
        case 4: if bytes.count > 1 { bytes.remove(at: position) }
        case 5 where round % 5 == 0: bytes.removeLast(bytes.count - max(position, 1))
        default: bytes[position] = .random(in: 0 ... .max, using: &generator)
        }
      }
      if suffix == ".png" && round % 4 != 0 { bytes = PNGFile.repairingChecksums(bytes) }
      if let picture = try? Picture(decoding: bytes, name: "mutated") {
        decoded += 1
        #expect(picture.samples.count == picture.width * picture.height * picture.channels)
      }
    }
    // The mutations must reach past the header to be worth anything.
    #expect(decoded > 200)
    #expect(ContinuousClock.now - start < .seconds(120))
    #expect(try peakMemory() < 3 << 30)
  }

  /// The most memory that this process has had in use, in bytes.
  private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) << 10
  }
}
