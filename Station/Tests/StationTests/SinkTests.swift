import Foundation
import StationTestSupport
import Testing

@testable import BlemishService

@Suite(.serialized) struct SinkTests {
  @Test func aWebhookThatWasDownGetsEverythingOnceAndSigned() async throws {
    let receiver = try Receiver()
    receiver.answer(503)
    let configuration = """
      sinks:
        line: {webhook: "http://127.0.0.1:\(receiver.port)/x", secret_env: HOOK_SECRET}
        stops: {json_lines: lines.json, verdicts: anomalous}
      """
    let folder = try RunningStation.folderWithModel()
    let text = configuration.replacingOccurrences(of: "lines.json", with: folder / "lines.json")
    var station = try await RunningStation(
      configuration: text, in: folder, environment: ["HOOK_SECRET": "s3cret"])
    var ids: [Int] = []
    for picture in [try Fixtures.damaged(), try Fixtures.clean()] {
      ids.append(try #require(try await station.inspect(picture).object["id"] as? Int))
    }
    let failing = try await waits {
      let sinks = try await station.get("/api/station").object["sinks"] as? [[String: Any]] ?? []
      let state = sinks.first { $0["name"] as? String == "line" }?["state"] as? [String: Any]
      return state?["waiting"] as? Int == 2 && state?["error"] as? String == "answered 503"
    }
    #expect(failing)
    // What waits outlives the station.
    try await station.end(SIGKILL)
    station = try await RunningStation(
      configuration: text, in: folder, environment: ["HOOK_SECRET": "s3cret"])
    receiver.answer(200)
    #expect(try await waits { receiver.posts.count == 2 })
    #expect(receiver.posts.compactMap { $0.object["id"] as? Int } == ids)
    #expect(Set(receiver.posts.compactMap { $0.headers["idempotency-key"] }).count == 2)
    for post in receiver.posts {
      let header = try #require(post.headers["blemish-signature"])
      let seconds = try #require(
        header.split(separator: ",")[0].split(separator: "=").last.flatMap { Int($0) })
      #expect(header == Webhook.signature(post.body, secret: Array("s3cret".utf8), seconds: seconds))
    }
    // Gone, then back.
    receiver.end()
    ids.append(try #require(try await station.inspect(Fixtures.clean()).object["id"] as? Int))
    try await Task.sleep(for: .seconds(1))
    let back = try Receiver(port: receiver.port)
    #expect(try await waits { back.posts.compactMap { $0.object["id"] as? Int } == [ids[2]] })
    let lines = try String(contentsOfFile: folder / "lines.json", encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 1 && lines[0].contains("\(ids[0])") && lines[0].contains(#""key":"#))
    #expect(!station.errors.contains("s3cret"))
    back.end()
  }

  @Test func aMessageThatIsRefusedHoldsUpNoOther() async throws {
    let receiver = try Receiver()
    receiver.answer(400)
    let station = try await RunningStation(
      configuration: "sinks: {line: {webhook: \"http://127.0.0.1:\(receiver.port)/\"}}\n")
    _ = try await station.inspect(Fixtures.clean())
    let refused = try await waits {
      try await station.get("/metrics").text.contains(#"blemish_sink_failures_total{sink="line"}"#)
    }
    #expect(refused)
    receiver.answer(200)
    let id = try await station.inspect(Fixtures.damaged()).object["id"] as? Int
    #expect(try await waits { receiver.posts.contains { $0.object["id"] as? Int == id } })
    #expect(try await waits { receiver.posts.count == 2 })
    receiver.end()
  }

  @Test func anomalousPicturesAreCopiedIntoAFolder() async throws {
    let folder = try RunningStation.folderWithModel()
    let station = try await RunningStation(
      configuration: "sinks: {box: {folder: \"\(folder / "box")\"}}\n", in: folder)
    _ = try await station.inspect(Fixtures.clean())
    let id = try #require(try await station.inspect(Fixtures.damaged()).object["id"] as? Int)
    let copy = folder / "box/\(id)_anomalous"
    #expect(try await waits { FileManager.default.fileExists(atPath: copy + ".json") })
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: copy + ".png"))) == Fixtures.damaged())
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder / "box").count == 2)
  }

  private static let broker: String? = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].first {
    access($0, X_OK) == 0
  }

  @Test(.enabled(if: SinkTests.broker != nil, "no mosquitto is installed"))
  func aBrokerThatComesLateGetsEverything() async throws {
    // A port that is free.
    let place = try Receiver()
    let port = place.port
    place.end()
    let folder = try RunningStation.folderWithModel()
    let station = try await RunningStation(
      configuration: "sinks: {plant: {mqtt: 127.0.0.1, port: \(port), topic: hall/line1}}\n", in: folder)
    var ids = [try #require(try await station.inspect(Fixtures.damaged()).object["id"] as? Int)]
    func start() throws -> Process {
      try "listener \(port) 127.0.0.1\nallow_anonymous true\n".write(
        toFile: folder / "mosquitto.conf", atomically: true, encoding: .utf8)
      let broker = Process()
      broker.executableURL = URL(fileURLWithPath: Self.broker!)
      broker.arguments = ["-c", folder / "mosquitto.conf"]
      broker.standardError = FileHandle.nullDevice
      broker.standardOutput = FileHandle.nullDevice
      try broker.run()
      return broker
    }
    func delivered() async throws -> Int {
      let sinks = try await station.get("/api/station").object["sinks"] as? [[String: Any]] ?? []
      return (sinks.first?["state"] as? [String: Any])?["delivered"] as? Int ?? -1
    }
    try await Task.sleep(for: .milliseconds(500))
    #expect(try await delivered() == 0)
    var broker = try start()
    #expect(try await waits(seconds: 60) { try await delivered() == 1 })
    kill(broker.processIdentifier, SIGKILL)
    while broker.isRunning { usleep(5_000) }
    ids.append(try #require(try await station.inspect(Fixtures.clean()).object["id"] as? Int))
    try await Task.sleep(for: .seconds(1))
    broker = try start()
    #expect(try await waits(seconds: 90) { try await delivered() == 2 })
    try await station.end()
    kill(broker.processIdentifier, SIGKILL)
  }
}
