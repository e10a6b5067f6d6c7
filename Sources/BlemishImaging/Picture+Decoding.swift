import BlemishSupport
import CImageCodecs
import Foundation

/// How a picture is read from its file.
public struct DecodingOptions: Sendable, Equatable {
  /// The most pixels that are decoded. What has more is an error before memory is asked for.
  public var maximumPixels: Int
  /// Where it is set, formats that can (JPEG) are decoded at a half, a quarter or an eighth of their size, as long as
  /// neither side falls below this many pixels. That takes less time and memory, and gives other samples.
  public var leastSide: Int?
  /// The numbers that become black and white, in files whose samples are no whole numbers of 16 bits or fewer: TIFF
  /// files of floating-point, signed or 32-bit numbers. Other files do not need it and are read as ever.
  public var range: ClosedRange<Double>?

  /// Options; without any, the picture is decoded as it is.
  public init(
    maximumPixels: Int = Picture.maximumPixelCount, leastSide: Int? = nil, range: ClosedRange<Double>? = nil
  ) {
    self.maximumPixels = maximumPixels
    self.leastSide = leastSide
    self.range = range
  }
}

extension Picture {
  /// The most pixels a picture may have unless other options are given: half a gibibyte as RGB, the limit that Pillow
  /// has too.
  public static let maximumPixelCount = 178_956_970

  /// The longest side a picture may have, which is the longest libjpeg can read.
  public static let maximumSide = 65_500

  /// The endings, in lower case, of the names of files that can be read.
  public static let fileExtensions: Set<String> = [
    "png", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "bmp", "webp",
  ]

  /// Reads a PNG, JPEG, TIFF, BMP or WebP file, recognised by its content and turned upright.
  ///
  /// Grey files of 1 to 16 bits give one channel, all others RGB. Palettes and CMYK are converted. What is passed over,
  /// such as alpha or the further pages of a TIFF file, is told in ``notes``.
  ///
  /// - Throws: ``PictureError``, also for a file that is cut off or damaged anywhere.
  public init(contentsOf path: String, options: DecodingOptions = DecodingOptions()) throws {
    try self.init(decoding: pictureFile(path), name: path, options: options)
  }

  /// Decodes a file in memory. `name` is for error messages.
  ///
  /// - Throws: ``PictureError``.
  public init(decoding data: Data, name: String, options: DecodingOptions = DecodingOptions()) throws {
    guard !data.isEmpty else { throw PictureError.file(.empty(path: name)) }
    let header = try PictureHeader(data, name: name, leastSide: options.leastSide)
    try header.requireSize(in: data, options)
    try header.requireMemory()
    let decoded = try header.decode(data, range: options.range)
    let upright = header.orientation.applied(to: decoded)
    self = Picture(
      width: upright.width, height: upright.height, channels: upright.channels,
      samples: upright.samples.scaled(fromBits: header.significantBits), notes: header.notes(data))
  }

  /// Decodes a file in memory. `name` is for error messages.
  ///
  /// - Throws: ``PictureError``.
  public init(decoding bytes: [UInt8], name: String, options: DecodingOptions = DecodingOptions()) throws {
    try self.init(decoding: Data(bytes), name: name, options: options)
  }

  /// The size of a picture, upright, from its header alone. The rest of the file may be damaged, or too large
  /// to be decoded.
  ///
  /// - Throws: ``PictureError``.
  public static func dimensions(ofFile path: String) throws -> (width: Int, height: Int) {
    let prefix = 1 << 18
    let start = try pictureFile(path, prefix: prefix)
    let header: PictureHeader
    do {
      header = try PictureHeader(start, name: path)
    } catch {
      // A TIFF directory may be anywhere, and a JPEG header may lie behind large metadata.
      guard start.count == prefix else { throw error }
      header = try PictureHeader(pictureFile(path), name: path)
    }
    return header.orientation.swapsSides ? (header.height, header.width) : (header.width, header.height)
  }
}

/// The bytes of a picture's file, or its first ones.
private func pictureFile(_ path: String, prefix: Int? = nil) throws(PictureError) -> Data {
  do throws(FileSystemError) {
    let data = try readRegularFile(path, limit: 1 << 32, prefix: prefix)
    guard !data.isEmpty else { throw .empty(path: path) }
    return data
  } catch {
    throw .file(error)
  }
}

/// What the header of a file says. Sizes are positive, and otherwise as large as the file claims.
struct PictureHeader {
  let name: String
  let format: PictureFormat
  /// The size at which it is decoded.
  let width: Int
  let height: Int
  let orientation: Orientation
  /// How many of 16 bits carry something, where the file says so.
  let significantBits: Int?
  private let content: Content

  private enum Content {
    case bitmap(BitmapHeader)
    case codec(CodecFormat, CodecPicture, leastSide: UInt32)
  }

  init(_ data: Data, name: String, leastSide: Int? = nil) throws {
    guard let format = PictureFormat(recognizing: data) else {
      throw PictureError.unrecognizedFormat(name: name)
    }
    self.name = name
    self.format = format
    guard let codecFormat = format.codec else {
      let header = try BitmapHeader(data, name: name)
      (width, height, orientation, significantBits) = (header.width, header.height, .upright, nil)
      content = .bitmap(header)
      return
    }
    let least = UInt32(clamping: max(leastSide ?? 0, 0))
    var options = CodecOptions(least_side: least, lowest: 0, highest: 1)
    var picture = CodecPicture()
    var error = CodecError()
    guard
      data.withCodecBytes({ codec_header(codecFormat, $0, data.count, &options, &picture, &error) })
    else {
      throw PictureError.undecodable(name: name, format: format.rawValue, reason: error.reason)
    }
    guard picture.width > 0, picture.height > 0 else {
      throw PictureError.undecodable(name: name, format: format.rawValue, reason: "it has no pixels")
    }
    (width, height) = (Int(picture.width), Int(picture.height))
    significantBits = picture.significant_bits == 0 ? nil : Int(picture.significant_bits)
    orientation =
      format == .tiff
      ? Orientation(rawValue: Int(picture.orientation)) ?? .upright
      : Orientation(inFile: data, format: format)
    content = .codec(codecFormat, picture, leastSide: least)
  }

  /// The size in the file.
  private var fullSize: (width: Int, height: Int) {
    guard case .codec(_, let picture, _) = content else { return (width, height) }
    return (Int(picture.full_width), Int(picture.full_height))
  }

  private var channels: Int {
    guard case .codec(_, let picture, _) = content else { return 3 }
    return Int(picture.channels)
  }

  private var sampleByteCount: Int {
    guard case .codec(_, let picture, _) = content else { return 1 }
    return Int(picture.bits) / 8
  }

  /// Checks that the size is allowed, and that the file has bytes enough for it.
  func requireSize(in data: Data, _ options: DecodingOptions) throws(PictureError) {
    // What is decoded at a smaller size may be larger than the limit, unless all of it must be held at once.
    let (fullWidth, fullHeight) = fullSize
    var (countedWidth, countedHeight) = (width, height)
    if case .codec(_, let picture, _) = content, picture.is_buffered != 0 {
      (countedWidth, countedHeight) = (fullWidth, fullHeight)
    }
    let (pixels, overflows) = countedWidth.multipliedReportingOverflow(by: countedHeight)
    guard !overflows, pixels <= options.maximumPixels, max(fullWidth, fullHeight) <= Picture.maximumSide
    else {
      throw .tooLarge(name: name, width: fullWidth, height: fullHeight, maximumPixels: options.maximumPixels)
    }
    guard fullWidth * fullHeight / format.maximumPixelsPerByte <= data.count else {
      throw .undecodable(
        name: name,
        format: format.rawValue,
        reason: "\(data.count) bytes cannot hold \(fullWidth) x \(fullHeight) pixels"
      )
    }
  }

  /// Checks that there is memory for the samples, and for another copy where they are turned or scaled: an array that
  /// cannot be had would end the process.
  func requireMemory() throws(PictureError) {
    let samples = width * height * channels * sampleByteCount
    var needed = orientation == .upright && significantBits == nil ? samples : 2 * samples
    if case .codec(_, let picture, _) = content, picture.is_buffered != 0 {
      needed += 2 * fullSize.width * fullSize.height * channels
    }
    guard hasMemory(for: needed) else { throw .noMemory(name: name, width: width, height: height) }
  }

  /// The picture as stored: orientation is the caller's. The size must have been checked.
  func decode(_ data: Data, range: ClosedRange<Double>?) throws -> Picture {
    switch content {
    case .bitmap(let header):
      return try header.decode(data, name: name)
    case .codec(let codecFormat, let picture, let least):
      guard picture.needs_range == 0 || range != nil else { throw PictureError.needsRange(name: name) }
      let options = CodecOptions(
        least_side: least, lowest: range?.lowerBound ?? 0, highest: range?.upperBound ?? 1)
      let count = width * height * channels
      func decoded<Sample: FixedWidthInteger>() throws -> [Sample] {
        try [Sample](unsafeUninitializedCapacity: count) { samples, initializedCount in
          var picture = picture
          var options = options
          var error = CodecError()
          let done = data.withCodecBytes {
            codec_decode(codecFormat, $0, data.count, &options, &picture, samples.baseAddress, &error)
          }
          guard done else {
            throw PictureError.undecodable(name: name, format: format.rawValue, reason: error.reason)
          }
          initializedCount = count
        }
      }
      let samples: Picture.Samples =
        try picture.bits == 16 ? .sixteenBit(decoded()) : .eightBit(decoded())
      return Picture(width: width, height: height, channels: channels, samples: samples)
    }
  }

  /// What of the file is not in the picture.
  func notes(_ data: Data) -> [PictureNote] {
    guard case .codec(_, let picture, _) = content else { return [] }
    var notes: [PictureNote] = []
    let (fullWidth, fullHeight) = fullSize
    if (fullWidth, fullHeight) != (width, height) {
      let (width, height) = orientation.swapsSides ? (fullHeight, fullWidth) : (fullWidth, fullHeight)
      notes.append(.reduced(fromWidth: width, height: height))
    }
    if let significantBits { notes.append(.significantBits(significantBits)) }
    if picture.passed_over > 0 { notes.append(.channelsPassedOver(Int(picture.passed_over))) }
    if format == .tiff {
      let pages = TIFFDirectories(data).count
      if pages > 1 { notes.append(.pagesPassedOver(pages - 1)) }
    }
    return notes
  }
}

extension Picture.Samples {
  /// Samples of which only the lower bits carry something, spread over the whole range. Where one is larger than these
  /// bits can say, the file is wrong about them, and all stay as they are.
  fileprivate func scaled(fromBits bits: Int?) -> Picture.Samples {
    guard let bits, case .sixteenBit(let values) = self else { return self }
    let largest = UInt32(1) << UInt32(bits) - 1
    guard values.allSatisfy({ UInt32($0) <= largest }) else { return self }
    return .sixteenBit(values.map { UInt16((UInt32($0) * 65535 + largest / 2) / largest) })
  }
}

extension Data {
  /// The bytes as the codecs take them.
  fileprivate func withCodecBytes<Result>(_ body: (UnsafePointer<UInt8>?) -> Result) -> Result {
    withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: UInt8.self)) }
  }
}

extension CodecError {
  /// The text, without a full stop at its end.
  var reason: String {
    let text = withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
