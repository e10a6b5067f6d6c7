import Foundation
import StationTestSupport
import Testing

@Suite(.serialized) struct SourceTests {
  private func inspected(_ station: RunningStation) async throws -> [String] {
    let object = try await station.get("/api/inspections?limit=100").object
    return (object["inspections"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
      .map { ($0 as NSString).lastPathComponent }.sorted()
  }

  private func state(_ station: RunningStation) async throws -> [String: Any] {
    let sources = try await station.get("/api/station").object["sources"] as? [[String: Any]] ?? []
    return sources.first?["state"] as? [String: Any] ?? [:]
  }

  @Test func aFolderIsWatchedAndEmptied() async throws {
    let folder = try RunningStation.folderWithModel()
    let (incoming, done) = (folder / "in", folder / "done")
    try FileManager.default.createDirectory(atPath: incoming, withIntermediateDirectories: true)
    let picture = Data(try Fixtures.clean())
    try picture.write(to: URL(fileURLWithPath: incoming + "/before.png"))
    let station = try await RunningStation(
      configuration: "sources: {line: {folder: \"\(incoming)\", move_to: \"\(done)\", model: part}}\n",
      in: folder)
    #expect(try await waits { try await inspected(station) == ["before.png"] })
    // A file that is still written does not count.
    let slow = try #require(fopen(incoming + "/slow.png", "w"))
    _ = picture.prefix(500).withUnsafeBytes { fwrite($0.baseAddress, 1, 500, slow) }
    fflush(slow)
    try picture.write(to: URL(fileURLWithPath: incoming + "/moved.png"), options: .atomic)
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: incoming + "/broken.png"))
    try Data("nothing".utf8).write(to: URL(fileURLWithPath: incoming + "/note.txt"))
    #expect(try await waits { try await inspected(station) == ["before.png", "moved.png"] })
    _ = picture.dropFirst(500).withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, slow) }
    fclose(slow)
    #expect(try await waits { try await inspected(station) == ["before.png", "moved.png", "slow.png"] })
    #expect(
      try await waits {
        Set((try? FileManager.default.contentsOfDirectory(atPath: incoming)) ?? []) == [
          "broken.png", "note.txt",
        ]
      })
    #expect(try FileManager.default.contentsOfDirectory(atPath: done).count == 3)
    #expect(try await state(station)["up"] as? Bool == true)
    // The folder goes away and comes back.
    try FileManager.default.removeItem(atPath: incoming)
    #expect(try await waits { try await state(station)["up"] as? Bool == false })
    try FileManager.default.createDirectory(atPath: incoming, withIntermediateDirectories: true)
    try picture.write(to: URL(fileURLWithPath: incoming + "/again.png"))
    #expect(try await waits { try await inspected(station).contains("again.png") })
  }

  @Test func whatIsLeftInAFolderIsJudgedOnce() async throws {
    let folder = try RunningStation.folderWithModel()
    let incoming = folder / "in"
    try FileManager.default.createDirectory(atPath: incoming, withIntermediateDirectories: true)
    let place = URL(fileURLWithPath: incoming + "/a.png")
    try Data(Fixtures.clean()).write(to: place)
    let configuration = "sources: {line: {folder: \"\(incoming)\", model: part}}\n"
    var station = try await RunningStation(configuration: configuration, in: folder)
    #expect(try await waits { try await inspected(station) == ["a.png"] })
    try await station.end()
    station = try await RunningStation(configuration: configuration, in: folder)
    try Data(Fixtures.clean()).write(to: URL(fileURLWithPath: incoming + "/b.png"))
    #expect(try await waits { try await inspected(station) == ["a.png", "b.png"] })
    // Another picture of the same name.
    try Data(Fixtures.damaged()).write(to: place)
    #expect(try await waits { try await inspected(station) == ["a.png", "a.png", "b.png"] })
  }

  private static let ffmpeg: String? = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].first { (path: String) in
    access(path, X_OK) == 0
  }

  @Test(.enabled(if: SourceTests.ffmpeg != nil, "no ffmpeg is installed"))
  func aCameraThatEndsIsStartedAgain() async throws {
    // A film of a second, which ends again and again as a camera does that is unplugged.
    let folder = try RunningStation.folderWithModel()
    try Data(Fixtures.damaged()).write(to: URL(fileURLWithPath: folder / "a.png"))
    let film = folder / "film.mjpeg"
    let made = try Python.run(
      "/usr/bin/env",
      [
        "ffmpeg", "-loglevel", "error", "-loop", "1", "-i", folder / "a.png", "-t", "1", "-r", "5", "-f",
        "mjpeg", film,
      ])
    #expect(made.status == 0, "\(made.output)")
    let station = try await RunningStation(
      configuration: "sources: {cam: {camera: \"\(film)\", model: part, per_second: 5}}\n", in: folder)
    #expect(try await waits(seconds: 60) { try await state(station)["judged"] as? Int ?? 0 >= 2 })
    let object = try await station.get("/api/inspections?source=cam").object
    let first = try #require((object["inspections"] as? [[String: Any]])?.first)
    #expect((first["path"] as? String)?.hasPrefix("cam/") == true)
    let judged = try await state(station)["judged"] as? Int ?? 0
    #expect(try await waits(seconds: 60) { try await state(station)["judged"] as? Int ?? 0 > judged + 2 })
    try FileManager.default.removeItem(atPath: film)
    #expect(try await waits(seconds: 60) { try await state(station)["up"] as? Bool == false })
    #expect(try await state(station)["error"] != nil)
    #expect(try await station.inspect(Fixtures.clean()).status == 200)
  }
}
