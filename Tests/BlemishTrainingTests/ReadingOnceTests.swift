import BlemishCore
import BlemishDatasets
import BlemishDetectors
import BlemishSynthesis
import BlemishTraining
import Foundation
import Glibc
import TestSupport
import Testing

/// Counts how often the files of a folder are opened, as the kernel tells: to decode a file, it must be opened.
private final class OpenedFiles {
  private let queue: Int32

  init(in folder: String) throws {
    queue = inotify_init1(Int32(IN_NONBLOCK))
    try #require(queue >= 0 && inotify_add_watch(queue, folder, UInt32(IN_OPEN)) >= 0)
  }

  deinit { close(queue) }

  /// How often each file was opened since this was asked before.
  func counts() -> [String: Int] {
    var counts: [String: Int] = [:]
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let length = read(queue, &buffer, buffer.count), length > 0 {
      var place = 0
      // An event is four numbers of 32 bits, the last of them the length of the name behind it.
      while place + 16 <= length {
        let size = buffer[(place + 12)..<(place + 16)].reversed().reduce(0) { $0 << 8 | Int($1) }
        let name = buffer[(place + 16)..<(place + 16 + size)].prefix { $0 != 0 }
        if !name.isEmpty { counts[String(decoding: name, as: UTF8.self), default: 0] += 1 }
        place += 16 + size
      }
    }
    return counts
  }
}

@Suite(.serialized) struct ReadingOnceTests {
  private let pictures: TabletPictures

  init() throws { pictures = try TabletPictures(count: 14) }

  /// Options under which everything that looks at pictures does: tuning, whitening, features, calibration.
  private func options(_ detector: String) -> TrainingOptions {
    var options = TabletPictures.options()
    options.detector = detector
    options.backbone = "embedded"
    // With a size in numbers nobody looks at the files' headers.
    options.size = .exact(height: 64, width: 64)
    options.schedule?.epochs = 2
    options.heldOut = 0.3
    options.tuning.minutes = nil
    options.tuning.schedule.steps = 2
    (options.tuning.pixels, options.tuning.longestSide) = (4 * 32 * 32, 32)
    return options
  }

  private var once: [String: Int] {
    get throws {
      let names = try FileManager.default.contentsOfDirectory(atPath: pictures.data + "/train/good")
      return Dictionary(uniqueKeysWithValues: names.map { ($0, 1) })
    }
  }

  /// From the backbone's tuning to the calibration.
  @Test(arguments: ["uflow", "msflow"]) func aTrainingReadsEveryPictureOnce(_ detector: String) throws {
    let session = try pictures.session("model", options(detector))
    let opened = try OpenedFiles(in: pictures.data + "/train/good")
    #expect(try session.run() == .finished)
    #expect(session.record.tuning?.outcome != .unfinished)
    #expect(session.model.configuration.background?.source == .heldOut)
    let (counts, expected) = (opened.counts(), try once)
    #expect(counts == expected)
  }

  /// Features on disk are known by the content of the files, which is read for that, and no more.
  @Test func aTrainingWhoseFeaturesAreKeptReadsThemOnceToo() throws {
    var options = options("uflow")
    options.cacheLimit = 1 << 30
    options.cacheFolder = pictures.folder + "/features"
    for name in ["first", "second"] {
      let session = try pictures.session(name, options)
      let opened = try OpenedFiles(in: pictures.data + "/train/good")
      #expect(try session.run() == .finished)
      #expect(try opened.counts() == once, "\(name)")
    }
  }

  @Test func aTrainingThatGoesOnReadsThemOnceToo() async throws {
    let options = options("uflow")
    let outcome = try await interrupted { cancel in
      try pictures.session("model", options) { if case .step = $0 { cancel() } }.run()
    }
    #expect(outcome == .stopped)
    let session = try pictures.resumed("model")
    let opened = try OpenedFiles(in: pictures.data + "/train/good")
    #expect(try session.run() == .finished)
    #expect(try opened.counts() == once)
  }

  @Test func judgingReadsEveryPictureOnce() throws {
    #expect(try pictures.session("model", options("uflow")).run() == .finished)
    let model = try Model(contentsOf: pictures.folder + "/model")
    let folder = pictures.data + "/train/good"
    let paths = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
    let opened = try OpenedFiles(in: folder)
    var judged = 0
    try model.inspectEach(contentsOf: paths) { _, inspection in
      try Finding(inspection.get()).inspection.score
    } inOrder: { _, _ in
      judged += 1
    }
    #expect(judged == paths.count)
    #expect(try opened.counts() == once)
  }

  @Test func calibratingReadsEveryPictureOnce() throws {
    #expect(try pictures.session("model", options("uflow")).run() == .finished)
    let model = try Model(contentsOf: pictures.folder + "/model")
    let folder = pictures.data + "/train/good"
    let paths = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
    let opened = try OpenedFiles(in: folder)
    let measured = try model.measure(paths)
    #expect(measured.count == paths.count)
    #expect(try model.driftPValue(of: measured) != nil)
    #expect(try model.recalibrated(on: measured).configuration.background?.source == .recalibrated)
    #expect(try opened.counts() == once)
  }
}
