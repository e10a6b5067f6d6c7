import BlemishDatasets
import BlemishImaging
import BlemishSupport
import BlemishSynthesis
import BlemishTorch
import Foundation
import GoldenCases
import TestSupport
import Testing

@testable import BlemishTraining

/// What an event file should have and has not.
private struct Missing: Error {
  let what: String
  init(_ what: String) { self.what = what }
}

/// Reads event files by the format's definition: enough of TFRecord and Protocol Buffers to see what was written.
struct EventReader {
  enum Value {
    case number(UInt64)
    case bytes(Data)
  }

  /// The fields of every event.
  let events: [[Int: [Value]]]

  init(_ file: Data) throws {
    var rest = file[...]
    var events: [[Int: [Value]]] = []
    while !rest.isEmpty {
      let length = rest.prefix(8)
      let count = Int(Self.number(length))
      try #require(rest.count >= 16 + count)
      let data = rest.dropFirst(12).prefix(count)
      #expect(Self.number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(length)))
      #expect(Self.number(rest.dropFirst(12 + count).prefix(4)) == UInt64(CRC32C.masked(data)))
      events.append(try Self.fields(data))
      rest = rest.dropFirst(16 + count)
    }
    self.events = events
  }

  static func number(_ bytes: Data) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

  static func fields(_ data: Data) throws -> [Int: [Value]] {
    var rest = data[...]
    func varint() throws -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while true {
        let next = rest.popFirst()
        let byte = try #require(next)
        value |= UInt64(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { return value }
      }
    }
    func take(_ count: Int) throws -> Data {
      try #require(rest.count >= count)
      defer { rest = rest.dropFirst(count) }
      return Data(rest.prefix(count))
    }
    var fields: [Int: [Value]] = [:]
    while !rest.isEmpty {
      let key = try varint()
      let value: Value
      switch key & 7 {
      case 0: value = .number(try varint())
      case 1: value = .number(number(try take(8)))
      case 2: value = .bytes(try take(Int(try varint())))
      case 5: value = .number(number(try take(4)))
      default: throw Missing("wire type \(key & 7)")
      }
      fields[Int(key >> 3), default: []].append(value)
    }
    return fields
  }

  /// The summaries: tag, step, and the fields of the value.
  func summaries() throws -> [(tag: String, step: Int, value: [Int: [Value]])] {
    try events.compactMap { event in
      guard case .bytes(let summary)? = event[5]?.first, case .number(let step)? = event[2]?.first,
        case .bytes(let value)? = try Self.fields(summary)[1]?.first
      else { return nil }
      let fields = try Self.fields(value)
      guard case .bytes(let tag)? = fields[1]?.first else { return nil }
      return (String(decoding: tag, as: UTF8.self), Int(step), fields)
    }
  }
}

@Suite struct TensorBoardTests {
  private func temporaryFolder() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("tensorboard-\(UUID())").path
  }

  @Test func checksAreTheKnownOnes() {
    // RFC 3720, appendix B.4, and the usual check value of the catalogues.
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    // TensorBoard's own masked_crc32c.
    #expect(CRC32C.masked(Array("123456789".utf8)) == 0xC78A_B0E5)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try EventFile(folder: folder)
    try file.add("loss", -0.5, step: 300)
    try file.add(
      "map", Picture(width: 3, height: 2, channels: 1, samples: .eightBit([0, 1, 2, 3, 4, 5])), step: 301)
    try file.add("z", Histogram([-1, 0, 0, 3], bars: 4), step: 302)
    try file.restart(at: 7)
    let name = (file.path as NSString).lastPathComponent
    #expect(name.hasPrefix("events.out.tfevents."))
    let reader = try EventReader(try Data(contentsOf: URL(fileURLWithPath: file.path)))
    guard case .bytes(let version)? = reader.events[0][3]?.first else {
      throw Missing("no version")
    }
    #expect(String(decoding: version, as: UTF8.self) == "brain.Event:2")
    let summaries = try reader.summaries()
    #expect(summaries.map(\.tag) == ["loss", "map", "z"])
    #expect(summaries.map(\.step) == [300, 301, 302])
    guard case .number(let bits)? = summaries[0].value[2]?.first else {
      throw Missing("no number")
    }
    #expect(Float(bitPattern: UInt32(bits)) == -0.5)
    guard case .bytes(let image)? = summaries[1].value[4]?.first,
      case .bytes(let png)? = try EventReader.fields(image)[4]?.first
    else { throw Missing("no picture") }
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    guard case .bytes(let histogram)? = summaries[2].value[5]?.first else {
      throw Missing("no histogram")
    }
    let fields = try EventReader.fields(histogram)
    guard case .bytes(let counts)? = fields[7]?.first else { throw Missing("no counts") }
    let bars = stride(from: 0, to: counts.count, by: 8).map {
      Double(bitPattern: EventReader.number(counts.dropFirst($0).prefix(8)))
    }
    #expect(bars == [1, 2, 0, 1])
    guard case .bytes(let session)? = reader.events.last?[7]?.first,
      case .number(let status)? = try EventReader.fields(session)[1]?.first
    else { throw Missing("no restart") }
    #expect(status == 1)
  }

  @Test func filesOfOneSecondDoNotOverwriteEachOther() throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let now = Date()
    let (one, other) = (
      try EventFile(folder: folder, now: { now }), try EventFile(folder: folder, now: { now })
    )
    #expect(one.path != other.path)
  }

  @Test func folderThatIsAFileIsNamed() throws {
    let path = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(throws: FileSystemError.notFolder(path: path)) { try EventFile(folder: path) }
  }

  @Test func histogramHoldsEveryFiniteNumber() {
    let histogram = Histogram([.nan, 2, .infinity, 2, 2])
    #expect(histogram.count == 3)
    #expect(histogram.counts.reduce(0, +) == 3)
    #expect(histogram.sumOfSquares == 12)
    #expect(Histogram([]).counts.isEmpty)
    let many = Histogram((0..<1000).map { Float($0) }, bars: 10)
    #expect(many.counts == Array(repeating: 100, count: 10) || many.counts.reduce(0, +) == 1000)
    #expect(abs((many.limits.last ?? 0) - 999) < 1e-9)
  }

  @Test func trainingWritesLossesMapsAndLatents() throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try TinyData(folder: folder)
    var options = data.options
    options.tensorBoard = folder + "/events"
    let session = try TrainingSession(
      try Dataset.read(data.path), at: data.path, output: folder + "/model", options: options,
      report: { _ in })
    #expect(try session.run() == .finished)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/events")
    #expect(files.count == 1)
    let file = try Data(contentsOf: URL(fileURLWithPath: folder + "/events/" + files[0]))
    let tags = Set(try EventReader(file).summaries().map(\.tag))
    #expect(tags.isSuperset(of: ["loss/training", "loss/held out", "learning rate", "z/scale 1"]))
    #expect(tags.contains { $0.hasPrefix("maps/") })
  }

  @Test(.enabled("TensorBoard is not installed") { PeerPython.has("tensorboard") })
  func tensorBoardItselfReadsWhatATrainingWrites() throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try TinyData(folder: folder)
    var options = data.options
    options.tensorBoard = folder + "/events"
    let session = try TrainingSession(
      try Dataset.read(data.path), at: data.path, output: folder + "/model", options: options,
      report: { _ in })
    #expect(try session.run() == .finished)
    let answer = try PeerPython.run(
      """
      import json, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator(sys.argv[1], size_guidance=dict(scalars=0, images=0, histograms=0)).Reload()
      tags = events.Tags()
      picture = events.Images(tags["images"][0])[-1]
      histogram = events.Histograms("z/scale 1")[-1].histogram_value
      print(json.dumps(dict(
          scalars=tags["scalars"], rates=[e.value for e in events.Scalars("learning rate")],
          picture=[picture.width, picture.height, picture.encoded_image_string[:4].hex()],
          histogram=[histogram.num, sum(histogram.bucket)])))
      """, [folder + "/events"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any])
    let scalars = try #require(object["scalars"] as? [String])
    #expect(Set(scalars).isSuperset(of: ["loss/training", "loss/held out", "learning rate"]))
    let record = try #require(session.model.configuration.trainingRecord)
    let rates = try #require(object["rates"] as? [Double])
    #expect(rates.count == record.progress.step)
    #expect(rates.allSatisfy { $0 > 0 && $0 < 1 })
    let picture = try #require(object["picture"] as? [Any])
    #expect((picture[0] as? Int ?? 0) > 0 && (picture[1] as? Int ?? 0) > 0)
    #expect(picture[2] as? String == "89504e47")
    let histogram = try #require(object["histogram"] as? [Double])
    #expect(histogram[0] > 0 && histogram[0] == histogram[1])
  }
}
